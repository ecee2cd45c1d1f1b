/// Dates and times as people write them in tables: `2024-01-31`, `31.1.24`, `Jan 31, 2024`, `2024-01-31T10:00:00Z`, `10:30`.
enum DateText {
  /// Whether a text is a date, a time of day, or both.
  static func matches(_ text: String) -> Bool {
    var words = text.split(whereSeparator: { $0 == " " || $0 == "," })[...]
    guard !words.isEmpty, words.count <= 6, text.utf8.count <= 40 else { return false }
    if words.count == 1, let cut = words[0].firstIndex(where: { $0 == "T" || $0 == "t" }),
      isDay(words[0][..<cut])
    {
      return isTime(words[0][words[0].index(after: cut)...])
    }
    if let last = words.last, words.count > 1, isHalf(last) || isZone(last) { words.removeLast() }
    let hasTime = words.last.map(isTime) ?? false
    if hasTime { words.removeLast() }
    switch words.count {
    case 0: return hasTime
    case 1: return isDay(words[words.startIndex]) || isMonth(words[words.startIndex])
    default: return isSpelled(words)
    }
  }

  /// `2024-01-31`, `31.01.2024`, `1/31/24`, `31-Jan-24`.
  private static func isDay(_ word: Substring) -> Bool {
    for sign in ["-", ".", "/"] as [Character] {
      let parts = word.split(separator: sign, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      if monthName(parts[1]) { return isNumber(parts[0], 1...31) && isYear(parts[2]) }
      if isYear(parts[0], long: true) {
        return isNumber(parts[1], 1...12) && isNumber(parts[2], 1...31)
      }
      return isNumber(parts[0], 1...31) && isNumber(parts[1], 1...31) && isYear(parts[2])
        && (isNumber(parts[0], 1...12) || isNumber(parts[1], 1...12))
    }
    return false
  }

  /// `2024-01`, `2024-W05`, `2024Q1`, `2024-Q1`, `Jan-24`.
  private static func isMonth(_ word: Substring) -> Bool {
    let parts = word.split(whereSeparator: { $0 == "-" || $0 == "/" })
    if parts.count == 2 {
      if monthName(parts[0]) { return isYear(parts[1]) }
      guard isYear(parts[0], long: true) else { return false }
      let mark = parts[1].first.map { $0 == "W" || $0 == "Q" } ?? false
      return mark
        ? isNumber(parts[1].dropFirst(), 1...53)
        : parts[1].count == 2 && isNumber(parts[1], 1...12)
    }
    let quarter = word.split(separator: "Q", omittingEmptySubsequences: false)
    return quarter.count == 2 && isYear(quarter[0], long: true) && isNumber(quarter[1], 1...4)
  }

  /// `31 Jan 2024`, `January 31`, `Wed, 31 Jan 2024`: the name of a month beside numbers.
  private static func isSpelled(_ words: ArraySlice<Substring>) -> Bool {
    guard words.contains(where: monthName) else { return false }
    let rest = words.filter { !monthName($0) && !dayName($0) }
    return !rest.isEmpty && rest.count <= 2
      && rest.allSatisfy { isNumber($0, 1...31) || isYear($0) || isOrdinal($0) }
  }

  /// `10:30`, `10:30:05.25`, with `Z` or `+01:00` behind it, or `am`.
  private static func isTime(_ word: Substring) -> Bool {
    var word = word
    if let last = word.last, last == "Z" || last == "z" {
      word.removeLast()
    } else if let cut = word.lastIndex(where: { $0 == "+" || $0 == "-" }), isZone(word[cut...]) {
      word = word[..<cut]
    } else if isHalf(word.suffix(2)) {
      word.removeLast(2)
    }
    let parts = word.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2 || parts.count == 3, isNumber(parts[0], 0...24), parts[1].count == 2,
      isNumber(parts[1], 0...59)
    else { return false }
    guard parts.count == 3 else { return true }
    let seconds = parts[2].split(separator: ".", omittingEmptySubsequences: false)
    return seconds.count <= 2 && seconds[0].count == 2 && isNumber(seconds[0], 0...60)
      && seconds.dropFirst().allSatisfy { $0.allSatisfy(isDigit) }
  }

  private static func isHalf(_ word: Substring) -> Bool {
    ["am", "pm"].contains(word.lowercased())
  }

  private static func isZone(_ word: Substring) -> Bool {
    if ["utc", "gmt", "z", "cet", "est", "pst"].contains(word.lowercased()) { return true }
    guard let sign = word.first, sign == "+" || sign == "-" else { return false }
    let digits = word.dropFirst().filter { $0 != ":" }
    return (digits.count == 2 || digits.count == 4) && digits.allSatisfy(isDigit)
  }

  private static func isDigit(_ letter: Character) -> Bool { ("0"..."9").contains(letter) }

  private static func isNumber(_ word: Substring, _ range: ClosedRange<Int>) -> Bool {
    (1...2).contains(word.count) && word.allSatisfy(isDigit)
      && Int(word).map(range.contains) ?? false
  }

  /// `long`: with all four digits.
  private static func isYear(_ word: Substring, long: Bool = false) -> Bool {
    guard word.allSatisfy(isDigit), let year = Int(word) else { return false }
    return word.count == 4 ? (1_000...2_999).contains(year) : word.count == 2 && !long
  }

  private static func isOrdinal(_ word: Substring) -> Bool {
    word.count > 2 && ["st", "nd", "rd", "th"].contains(word.suffix(2).lowercased())
      && isNumber(word.dropLast(2), 1...31)
  }

  private static func monthName(_ word: Substring) -> Bool {
    named(
      word,
      among: [
        "january", "february", "march", "april", "may", "june", "july", "august", "september",
        "october", "november", "december",
      ])
  }

  private static func dayName(_ word: Substring) -> Bool {
    named(
      word,
      among: ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"])
  }

  /// Whether a word is one of the names, or its first three letters or more.
  private static func named(_ word: Substring, among names: [String]) -> Bool {
    let word = word.lowercased().filter { $0 != "." }
    return word.count >= 3 && names.contains { $0.hasPrefix(word) }
  }
}
