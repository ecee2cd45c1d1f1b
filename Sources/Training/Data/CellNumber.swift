import Files

/// Numbers as people write them in tables: with a decimal comma, and digits in groups of three.
struct CellNumber {
  let decimal: Character
  let thousands: Character?

  /// The number that a whole text states; nil where it states none. An overflow gives an infinity.
  func value(_ text: String) -> Double? {
    if text.first == "\u{2212}" { return value("-" + text.dropFirst()) }
    if decimal == ".", thousands == nil { return DecimalNumber.exact(text) }
    var whole = text[...]
    var rest = ""
    if let end = text.firstIndex(where: { $0 == decimal || $0 == "e" || $0 == "E" }) {
      whole = text[..<end]
      rest = String(text[end...])
      if rest.first == decimal { rest = "." + rest.dropFirst() }
    }
    if decimal != ".", whole.contains("."), thousands != "." { return nil }
    guard thousands != nil, whole.contains(where: isGroup) else {
      return DecimalNumber.exact(whole + rest)
    }
    let sign = whole.first == "-" || whole.first == "+" ? String(whole.removeFirst()) : ""
    guard let used = whole.first(where: isGroup) else { return nil }
    let groups = whole.split(separator: used, omittingEmptySubsequences: false)
    guard (1...3).contains(groups[0].count), groups.dropFirst().allSatisfy({ $0.count == 3 }),
      groups.allSatisfy({ $0.allSatisfy { ("0"..."9").contains($0) } })
    else { return nil }
    return DecimalNumber.exact(sign + groups.joined() + rest)
  }

  /// Whether a sign groups digits: a blank of any kind, and an apostrophe of any, are one.
  private func isGroup(_ sign: Character) -> Bool {
    switch thousands {
    case " ": [" ", "\u{A0}", "\u{202F}", "\u{2009}"].contains(sign)
    case "'": ["'", "’"].contains(sign)
    default: sign == thousands
    }
  }

  /// How a text that is no number here would be one; nil where it would not. `isCommaSeen`: that numbers have
  /// decimal commas is known from other cells alone.
  func repair(_ text: String, column: String, isCommaSeen: Bool) -> String? {
    if isCommaSeen, DecimalNumber.exact(text) != nil {
      return
        "other cells have decimal commas: say `decimal = \",\"` and mend this one, or `decimal = \".\"`"
    }
    let ways: [(decimal: Character, thousands: Character)] = [
      (".", ","), (",", "."), (".", " "), (",", " "), (".", "'"), (",", "'"),
    ]
    if thousands == nil {
      for way in ways {
        let number = CellNumber(decimal: way.decimal, thousands: way.thousands)
        guard text.contains(where: number.isGroup), number.value(text) != nil else { continue }
        let groups = "thousands = \"\(way.thousands)\"` reads it"
        return way.decimal == decimal ? "`" + groups : "`decimal = \"\(way.decimal)\", " + groups
      }
    }
    if CellNumber(decimal: ",", thousands: nil).value(text) != nil {
      return "`decimal = \",\"` reads it"
    }
    let signs: Set<Character> = ["$", "€", "£", "¥", "%", "\u{A0}", " ", "'", "’"]
    let bare = String(text.filter { !signs.contains($0) })
    guard bare.count < text.count,
      ways.prefix(2).contains(where: {
        CellNumber(decimal: $0.decimal, thousands: $0.thousands).value(bare) != nil
      })
    else { return nil }
    return
      "leave out what is no digit, or the column: `drop = [\"\(printable(column))\"]`"
  }
}
