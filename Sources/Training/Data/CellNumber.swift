/// Numbers as people write them in tables: with a decimal comma, and digits in groups of three.
struct CellNumber {
  let decimal: Character
  let thousands: Character?

  /// The number that a whole text states; nil where it states none. An overflow gives an infinity.
  func value(_ text: String) -> Double? {
    if decimal == ".", thousands == nil { return DecimalNumber.exact(text) }
    var whole = text[...]
    var rest = ""
    if let end = text.firstIndex(where: { $0 == decimal || $0 == "e" || $0 == "E" }) {
      whole = text[..<end]
      rest = String(text[end...])
      if rest.first == decimal { rest = "." + rest.dropFirst() }
    }
    if decimal != ".", whole.contains("."), thousands != "." { return nil }
    guard let thousands, whole.contains(thousands) else {
      return DecimalNumber.exact(whole + rest)
    }
    let sign = whole.first == "-" || whole.first == "+" ? String(whole.removeFirst()) : ""
    let groups = whole.split(separator: thousands, omittingEmptySubsequences: false)
    guard (1...3).contains(groups[0].count), groups.dropFirst().allSatisfy({ $0.count == 3 }),
      groups.allSatisfy({ $0.allSatisfy { ("0"..."9").contains($0) } })
    else { return nil }
    return DecimalNumber.exact(sign + groups.joined() + rest)
  }

  /// How a text that is no number here would be one; nil where it would not. `isCommaSeen`: that numbers have
  /// decimal commas is known from other cells alone.
  func repair(_ text: String, isCommaSeen: Bool) -> String? {
    if isCommaSeen, DecimalNumber.exact(text) != nil {
      return
        "other cells have decimal commas: say `decimal = \",\"` and mend this one, or `decimal = \".\"`"
    }
    let american = CellNumber(decimal: ".", thousands: ",")
    let european = CellNumber(decimal: ",", thousands: ".")
    if thousands == nil {
      if text.contains(","), american.value(text) != nil { return "`thousands = \",\"` reads it" }
      if european.value(text) != nil { return "`decimal = \",\", thousands = \".\"` reads it" }
    }
    if CellNumber(decimal: ",", thousands: nil).value(text) != nil {
      return "`decimal = \",\"` reads it"
    }
    let signs: Set<Character> = ["$", "€", "£", "¥", "%", "\u{A0}", " ", "'", "’"]
    let bare = String(text.filter { !signs.contains($0) })
    guard bare.count < text.count, american.value(bare) != nil || european.value(bare) != nil else {
      return nil
    }
    return "leave out what is no digit, or the column: `drop = [\"…\"]`"
  }
}
