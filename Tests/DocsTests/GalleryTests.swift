import Foundation
import Testing
import Zoo
import ravine_gallery

/// docs/zoo against its generator: the index and one page are kept as a sample, `make gallery` writes the
/// rest. What takes long to find (paths, relatives) stands at the end of a page;
/// everything before it must be up to date.
@Suite(.serialized) struct GalleryTests {
  /// For all tests: it takes long.
  nonisolated(unsafe) private static let gallery = Result { try made() }

  private static func made() throws -> Gallery {
    let folder = Repository.root.appendingPathComponent("Tests/Golden")
    let list = try String(
      contentsOf: folder.appendingPathComponent("golden.tsv"), encoding: .utf8)
    var recordings: [Gallery.Recording] = []
    for line in list.split(separator: "\n") where !line.hasPrefix("#") {
      let cells = line.split(separator: "\t").map(String.init)
      recordings.append(
        Gallery.Recording(
          file: cells[0], call: cells[1],
          bytes: Array(
            try Data(contentsOf: folder.appendingPathComponent(cells[0] + ".json")))))
    }
    return try Gallery(recordings: recordings)
  }

  private static let zoo = Repository.root.appendingPathComponent("docs/zoo")

  private static func text(_ name: String) throws -> String {
    try String(contentsOf: zoo.appendingPathComponent(name), encoding: .utf8)
  }

  @Test func theSampleAndTheIndexAreUpToDate() throws {
    let gallery = try Self.gallery.get()
    #expect(try Self.text("README.md") == gallery.index(), "run: make gallery")
    let entry = try #require(gallery.entries.first { $0.name == "Lion" })
    let sample = try Self.text("Lion.md")
    #expect(sample.hasPrefix(try gallery.page(entry)), "run: make gallery")
    #expect(sample.contains("## Relatives"))
    #expect(sample.contains("(paths/Lion.svg)"))
    #expect(try Self.text("paths/Lion.svg").hasPrefix("<svg"))
  }

  @Test func everyRuleHasAPage() throws {
    let gallery = try Self.gallery.get()
    var pages = 0
    for entry in gallery.entries {
      let page = try gallery.page(entry)
      #expect(page.hasPrefix("# \(entry.name)\n"))
      for part in ["## Source", "## Equations", "## Cost"] { #expect(page.contains(part)) }
      pages += 1
    }
    let rules = Library.shared.declarations.count { $0.kind == .rule }
    #expect(pages == rules && pages > 170)
  }
}
