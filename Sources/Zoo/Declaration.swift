extension Library.Declaration {
  /// The `##` lines, without their marks.
  package var documentation: [String] {
    text.split(separator: "\n").prefix { $0.hasPrefix("##") }
      .map { String($0.dropFirst($0.hasPrefix("## ") ? 3 : 2)) }
  }

  /// The source without its documentation.
  package var source: String {
    text.split(separator: "\n", omittingEmptySubsequences: false).drop { $0.hasPrefix("##") }
      .joined(separator: "\n")
  }

  /// The first sentence of the documentation, without the rule's own name before it.
  package var summary: String {
    var text = documentation.joined(separator: " ")[...]
    if text.hasPrefix(name + ": ") { text = text.dropFirst(name.count + 2) }
    var sentence: [Substring] = []
    for word in text.split(separator: " ") {
      sentence.append(word)
      // `Kingma et al. 2014` goes on.
      if word.last == ".", word != "al." { break }
    }
    text = sentence.joined(separator: " ")[...]
    return String(text.last == "." ? text.dropLast() : text)
  }
}
