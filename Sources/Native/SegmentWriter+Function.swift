import Runtime

/// The function around the loop.
extension SegmentWriter {
  func assembled() -> String {
    let isInBlocks = !arrays.isEmpty || !before.isEmpty || !after.isEmpty
    var lines: [String] = []
    let frame = "const rv_frame *frame, int64_t start, int64_t end"
    let flags = conditions.map { ", const int \($0.name)" }.joined()
    lines.append(
      conditions.isEmpty
        ? "void @(\(frame)) {" : "RV_INLINE void @_pass(\(frame)\(flags)) {")
    lines += (places + hoists + arrays).map { "  " + $0 }
    if isInBlocks {
      lines.append("  int64_t block = start;")
      lines.append("  do {")
      lines.append(
        "    const int64_t n = end - block < \(source.chunk) ? end - block : \(source.chunk);")
      lines += inner("    ")
      lines.append("    block += n;")
      lines.append("  } while (block < end);")
    } else {
      lines.append("  const int64_t block = start, n = end - start;")
      lines += inner("  ")
    }
    lines.append("}")
    if !conditions.isEmpty { lines += dispatch(frame) }
    return lines.joined(separator: "\n") + "\n"
  }

  private func inner(_ indent: String) -> [String] {
    var lines = (block + before).map { indent + $0 }
    if !loop.isEmpty {
      lines.append(indent + "RV_LOOP")
      lines.append(indent + "for (int64_t i = 0; i < n; i++) {")
      lines += (declarations + loop).map { indent + "  " + $0 }
      lines.append(indent + "}")
    }
    return lines + after.map { indent + $0 }
  }

  /// Calls the pass with its conditions as constants, so that each version of the loop is straight.
  private func dispatch(_ frame: String) -> [String] {
    let reciprocals = conditions.filter { !$0.isGuard }.map(\.name)
    let guards = conditions.filter(\.isGuard).prefix(versionLimit).map(\.name)
    var lines = [""]
    // Without reciprocals one of the versions always runs.
    if !reciprocals.isEmpty {
      let flags = conditions.map { ", const int \($0.name)" }.joined()
      let arguments = conditions.map { ", \($0.name)" }.joined()
      lines += [
        "// Seldom: a divisor beyond 1e30 or below 1e-30.",
        "static __attribute__((noinline, cold)) void @_seldom(",
        "    \(frame)\(flags)) {",
        "  @_pass(frame, start, end\(arguments));", "}", "",
      ]
    }
    lines.append("void @(\(frame)) {")
    for condition in conditions {
      lines.append("  const int \(condition.name) = \(condition.value);")
    }
    for version in 0..<(1 << guards.count) {
      func holds(_ name: String) -> Bool? {
        if reciprocals.contains(name) { return true }
        return guards.firstIndex(of: name).map { version >> $0 & 1 == 0 }
      }
      let test = (reciprocals + guards).map { holds($0)! ? $0 : "!\($0)" }
        .joined(separator: " && ")
      let arguments = conditions.map { ", " + (holds($0.name).map { $0 ? "1" : "0" } ?? $0.name) }
      lines.append("  if (\(test)) {")
      lines.append("    @_pass(frame, start, end\(arguments.joined()));")
      lines.append("    return;")
      lines.append("  }")
    }
    if !reciprocals.isEmpty {
      let arguments = conditions.map { ", \($0.name)" }.joined()
      lines.append("  @_seldom(frame, start, end\(arguments));")
    }
    lines.append("}")
    return lines
  }
}
