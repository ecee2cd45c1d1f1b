import Foundation
import Testing
import ravine_gallery

/// docs/zoo against its generator. What takes long to find (paths, relatives, the overview) stands at
/// the end of a page and is written by `make gallery`; everything before it must be up to date.
@Suite struct GalleryTests {
  private func gallery() throws -> Gallery {
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

  @Test func theGalleryIsUpToDate() throws {
    let gallery = try gallery()
    let zoo = Repository.root.appendingPathComponent("docs/zoo")
    var stale: [String] = []
    for entry in gallery.entries {
      let page = try gallery.page(entry)
      let file = try? String(
        contentsOf: zoo.appendingPathComponent(entry.name + ".md"), encoding: .utf8)
      if file?.hasPrefix(page) != true { stale.append(entry.name) }
      if file?.contains("## Relatives") != true { stale.append(entry.name + "'s relatives") }
    }
    let index = try String(
      contentsOf: zoo.appendingPathComponent("README.md"), encoding: .utf8)
    if !index.hasPrefix(gallery.index()) { stale.append("the index") }
    #expect(stale.isEmpty, "run: make gallery")
    let pages = try FileManager.default.contentsOfDirectory(atPath: zoo.path)
      .filter { $0.hasSuffix(".md") && $0 != "README.md" }
    #expect(Set(pages) == Set(gallery.entries.map { $0.name + ".md" }))
  }

  /// All pictures together stay small enough to be checked in.
  @Test func picturesAreSmallAndNamed() throws {
    let zoo = Repository.root.appendingPathComponent("docs/zoo")
    var total = 0
    for case let path as String in try #require(
      FileManager.default.enumerator(atPath: zoo.path))
    {
      let file = zoo.appendingPathComponent(path)
      total += (try? Data(contentsOf: file).count) ?? 0
    }
    #expect(total < 4_000_000)
    for page in try FileManager.default.contentsOfDirectory(atPath: zoo.path)
    where page.hasSuffix(".md") && page != "README.md" {
      let text = try String(contentsOf: zoo.appendingPathComponent(page), encoding: .utf8)
      let name = String(page.dropLast(3))
      let picture = zoo.appendingPathComponent("paths/\(name).svg")
      #expect(
        text.contains("(paths/\(name).svg)")
          == FileManager.default.fileExists(atPath: picture.path), "\(page)")
    }
  }
}
