/// Seconds since 1970 as a date and a time of day, in UTC.
enum CalendarTime {
  /// `2026-11-29 19:20 UTC`
  static func text(_ seconds: Int) -> String {
    let (days, rest) = (floor(seconds, 86_400), seconds - floor(seconds, 86_400) * 86_400)
    // Eras of 400 years that begin on a first of March, so that the day of a leap year is its last.
    let shifted = days + 719_468
    let era = floor(shifted, 146_097)
    let day = shifted - era * 146_097
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365
    let dayOfYear = day - (365 * year + year / 4 - year / 100)
    let month = (5 * dayOfYear + 2) / 153
    let date = dayOfYear - (153 * month + 2) / 5 + 1
    let number = month < 10 ? month + 3 : month - 9
    let full = year + era * 400 + (number <= 2 ? 1 : 0)
    return "\(full)-\(two(number))-\(two(date)) \(two(rest / 3_600)):\(two(rest / 60 % 60)) UTC"
  }

  private static func floor(_ x: Int, _ y: Int) -> Int { x >= 0 ? x / y : -((-x + y - 1) / y) }
  private static func two(_ x: Int) -> String { x < 10 ? "0\(x)" : "\(x)" }
}
