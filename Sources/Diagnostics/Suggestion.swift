/// "Did you mean": the nearest known name by Damerau-Levenshtein distance.
package enum Suggestion {
  /// The candidate nearest to `name`, or nil when none is near enough to be worth saying.
  package static func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
    let target = Array(name.unicodeScalars)
    guard !target.isEmpty, target.count <= 64 else { return nil }
    let limit = max(1, target.count / 3)
    var best: (distance: Int, name: String)?
    // In UTF-8 a scalar is at most four bytes: most candidates are told apart by their length.
    let lengths = max(0, target.count - limit)...(4 * (target.count + limit))
    for candidate in candidates
    where candidate != name && candidate.utf8.count <= 96
      && lengths.contains(candidate.utf8.count)
    {
      let found =
        candidate.lowercased() == name.lowercased()
        ? 0 : distance(target, Array(candidate.unicodeScalars))
      guard found <= limit else { continue }
      if best == nil || (found, candidate) < (best!.distance, best!.name) {
        best = (found, candidate)
      }
    }
    return best?.name
  }

  static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    var current = last
    for i in 1...a.count {
      current[0] = i
      for j in 1...b.count {
        let cost = a[i - 1] == b[j - 1] ? 0 : 1
        current[j] = min(last[j] + 1, current[j - 1] + 1, last[j - 1] + cost)
        if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
          current[j] = min(current[j], beforeLast[j - 2] + 1)
        }
      }
      (beforeLast, last, current) = (last, current, beforeLast)
    }
    return last[b.count]
  }
}

extension Note {
  /// The near name that was likely meant, where no text of the program can be replaced.
  package static func didYouMean(_ near: String?) -> [Note] {
    near.map { [Note("did you mean `\($0)`?")] } ?? []
  }
}

extension FixIt {
  /// To write the near name that was likely meant; nothing where none is near.
  package static func didYouMean(_ near: String?, at span: Span) -> [FixIt] {
    near.map { [FixIt("did you mean `\($0)`?", at: span, replacement: $0)] } ?? []
  }
}
