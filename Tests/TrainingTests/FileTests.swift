import Diagnostics
import Files
import Platform
import Testing
import Training

private func load(
  _ path: String, limit: Int = 1 << 20, patience: Int32 = 50, midway: () -> Void = {}
) -> String {
  described { () throws(DiagnosticError) in
    try DataFile.load(path: path, at: .none, limit: limit, patience: patience, midway: midway)
  }
}

@Suite struct DataFileTests {
  @Test func readsWhatWasWritten() throws {
    try withDirectory { directory in
      let path = "\(directory)/data.csv"
      let bytes = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      try writeWhole(path: path, bytes: bytes)
      #expect(try DataFile.load(path: path, at: .none).bytes == bytes)
      try writeWhole(path: path, bytes: Array("a,b\n1,2\n".utf8))
      #expect(try Table.csv(path: path, at: .none).values == [1, 2])
      try writeWhole(path: path, bytes: Fixture.littleF8)
      #expect(try NumericArray.npy(path: path, at: .none).shape == [2, 3])
      try writeWhole(path: path, bytes: Fixture.deflated)
      #expect(try ArrayArchive(path: path, at: .none).names == ["x", "y"])
    }
  }

  @Test func namesWhatCannotBeRead() throws {
    try withDirectory { directory in
      #expect(load("\(directory)/none.csv").hasPrefix("R0701 \(directory)/none.csv:"))
      #expect(load("").hasPrefix("R0701"))
      #expect(load("a\0b").hasPrefix("R0701"))
      #expect(load(directory).hasPrefix("R0703"))
      #expect(load("/dev/zero").hasPrefix("R0705"))
      let path = "\(directory)/big"
      try writeWhole(path: path, bytes: [UInt8](repeating: 65, count: 200))
      #expect(load(path, limit: 199).hasPrefix("R0705"))
      #expect(load(path, limit: 200) == "no diagnostic")
      let loop = "\(directory)/loop"
      symlink(loop, loop)
      #expect(load(loop).hasPrefix("R0702"))
    }
  }

  @Test(.enabled(if: geteuid() != 0, "the superuser may read everything"))
  func respectsPermissions() throws {
    try withDirectory { directory in
      let path = "\(directory)/secret"
      try writeWhole(path: path, bytes: [1])
      chmod(path, 0)
      #expect(load(path).hasPrefix("R0702"))
    }
  }

  @Test func aFileCutShortMidwayIsNamedWithItsLastPlace() throws {
    try withDirectory { directory in
      let path = "\(directory)/data.csv"
      try writeWhole(path: path, bytes: Array("a,b\n1,2\n3,4\n".utf8))
      let text = load(path) { truncate(path, 6) }
      #expect(text.hasPrefix("R0704 \(path):2:3:"))
    }
  }

  @Test func aPipeIsReadAndASilentOneGivenUp() throws {
    try withDirectory { directory in
      let path = "\(directory)/pipe"
      mkfifo(path, 0o600)
      #expect(load(path).hasPrefix("R0706"))
      let writer = open(path, O_RDWR)
      write(writer, "a\n1\n", 4)
      let text = load(path) { _ = close(writer) }
      #expect(text == "no diagnostic")
    }
  }
}

@Suite struct WholeFileTests {
  @Test func replacesAFileAndKeepsItsModeAndLinks() throws {
    try withDirectory { directory in
      let path = "\(directory)/plot.svg"
      try writeWhole(path: path, bytes: [1, 2])
      chmod(path, 0o640)
      let link = "\(directory)/link.svg"
      symlink(path, link)
      try writeWhole(path: link, bytes: [3])
      #expect(try DataFile.load(path: path, at: .none).bytes == [3])
      var status = stat()
      #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o640)
      #expect(lstat(link, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)
      #expect(contents(of: directory) == ["link.svg", "plot.svg"])
    }
  }

  /// A plot takes the place of a link and of another plot, and of nothing else.
  @Test func aPictureReplacesOnlyPicturesAndLinks() throws {
    try withDirectory { directory in
      let picture = Array("<svg></svg>".utf8)
      let notes = "\(directory)/notes.svg"
      try writeWhole(path: notes, bytes: Array("notes".utf8))
      let link = "\(directory)/link.svg"
      symlink(notes, link)
      try writeWhole(path: link, bytes: picture)
      var status = stat()
      #expect(lstat(link, &status) == 0 && status.st_mode & S_IFMT == S_IFREG)
      #expect(try DataFile.load(path: link, at: .none).bytes == picture)
      let text = described { () throws(DiagnosticError) in
        try writeWhole(path: notes, bytes: picture)
      }
      #expect(text.hasPrefix("R0753 \(notes):"))
      #expect(try DataFile.load(path: notes, at: .none).bytes == Array("notes".utf8))
      try writeWhole(path: link, bytes: picture + picture)
      try writeWhole(path: "\(directory)/empty.svg", bytes: [])
      try writeWhole(path: "\(directory)/empty.svg", bytes: picture)
      #expect(contents(of: directory) == ["empty.svg", "link.svg", "notes.svg"])
    }
  }

  /// What a killed writer left goes with the next file; that of a living one and what only looks like
  /// one stay.
  @Test func leftoversOfKilledWritersGo() throws {
    try withDirectory { directory in
      let gone = ".ravine-2147483646-1k2j3h.tmp"
      let kept = [
        ".ravine-\(getpid())-abc.tmp", ".ravine-x-abc.tmp", ".ravine-2147483646-a b.tmp",
        ".ravine-2147483646-abc.txt", "ravine-2147483646-abc.tmp", ".ravine-2147483646.tmp",
      ]
      for name in kept + [gone] {
        let descriptor = open("\(directory)/\(name)", O_WRONLY | O_CREAT, 0o600)
        #expect(descriptor >= 0 && close(descriptor) == 0)
      }
      mkdir("\(directory)/.ravine-2147483646-d.tmp", 0o700)
      try writeWhole(path: "\(directory)/p", bytes: [1])
      #expect(contents(of: directory) == (kept + [".ravine-2147483646-d.tmp", "p"]).sorted())
    }
  }

  @Test func aFailureLeavesTheOldFileAndNothingElse() throws {
    try withDirectory { directory in
      let path = "\(directory)/plot.svg"
      try writeWhole(path: path, bytes: [7])
      var calls = 0
      let full = WholeFile(path: path) { descriptor, bytes in
        calls += 1
        if calls == 1 { return write(descriptor, bytes.baseAddress, 10) }
        errno = ENOSPC
        return -1
      }
      let text = described { () throws(DiagnosticError) in
        try full.save([UInt8](repeating: 0, count: 100))
      }
      #expect(text.hasPrefix("R0752 \(path):"))
      #expect(calls == 2)
      #expect(try DataFile.load(path: path, at: .none).bytes == [7])
      #expect(contents(of: directory) == ["plot.svg"])
    }
  }

  @Test(arguments: [(EIO, "R0754"), (EACCES, "R0751"), (EROFS, "R0751"), (EDQUOT, "R0752")])
  func systemErrorsHaveTheirCodes(_ code: Int32, _ expected: String) throws {
    try withDirectory { directory in
      let file = WholeFile(path: "\(directory)/p") { _, _ in
        errno = code
        return -1
      }
      let text = described { () throws(DiagnosticError) in try file.save([1]) }
      #expect(text.hasPrefix(expected))
      #expect(contents(of: directory) == [])
    }
  }

  @Test func interruptedWritesGoOn() throws {
    try withDirectory { directory in
      var calls = 0
      let file = WholeFile(path: "\(directory)/p") { descriptor, bytes in
        calls += 1
        if calls % 2 == 1 {
          errno = EINTR
          return -1
        }
        return write(descriptor, bytes.baseAddress, 1)
      }
      try file.save([1, 2, 3])
      #expect(try DataFile.load(path: "\(directory)/p", at: .none).bytes == [1, 2, 3])
    }
  }

  @Test func refusesPlacesThatAreNoFiles() throws {
    try withDirectory { directory in
      func problem(_ path: String) -> String {
        described { () throws(DiagnosticError) in try writeWhole(path: path, bytes: [1]) }
      }
      #expect(problem("\(directory)/none/p.svg").hasPrefix("R0750"))
      #expect(problem(directory).hasPrefix("R0753"))
      #expect(problem("/dev/null").hasPrefix("R0753"))
      #expect(problem("").hasPrefix("R0753"))
      #expect(problem("\(directory)/x/").hasPrefix("R0753"))
      #expect(problem("\(directory)/\(String(repeating: "n", count: 300))").hasPrefix("R0754"))
      #expect(contents(of: directory) == [])
    }
  }

  @Test(.enabled(if: geteuid() != 0, "the superuser may write everywhere"))
  func respectsPermissions() throws {
    try withDirectory { directory in
      chmod(directory, 0o500)
      let text = described { () throws(DiagnosticError) in
        try writeWhole(path: "\(directory)/p", bytes: [1])
      }
      #expect(text.hasPrefix("R0751"))
    }
  }
}
