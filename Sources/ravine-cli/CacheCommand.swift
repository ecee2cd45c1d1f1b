import ArgumentParser
import Native
import Platform

struct CacheCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cache",
    abstract: "Show or clear the code that --engine native has compiled.",
    discussion: """
      Examples:
        ravine cache                          every entry: bytes, age, rule
        ravine cache size                     bytes in all
        ravine cache clear                    remove all entries
        ravine cache path                     where they lie

      The folder is $RAVINE_CACHE, else $XDG_CACHE_HOME/ravine, else ~/.cache/ravine; the folder
      `ravine` in it where it holds other things. Entries that were not used for longest are removed
      when all together pass 256 MiB.
      """)

  enum Action: String, ExpressibleByArgument, CaseIterable { case list, size, clear, path }

  @Argument(help: "list, size, clear or path.")
  var action = Action.list

  func run() throws {
    guard let path = CodeCache.usualPath else {
      Console.say("ravine: there is no home for a cache: set RAVINE_CACHE\n")
      throw Status.usage
    }
    if action == .path { return Console.write(CodeCache.location(path) + "\n") }
    let cache: CodeCache
    do throws(CodeCache.Refusal) {
      cache = try CodeCache(path)
    } catch {
      Console.say("ravine: the cache cannot be used: \(Console.printable(error.reason, 400))\n")
      throw Status.usage
    }
    switch action {
    case .list:
      for entry in cache.entries {
        let size = "\(entry.size)"
        let blanks = String(repeating: " ", count: max(1, 10 - size.utf8.count))
        Console.write(
          "\(entry.key.prefix(12))\(blanks)\(size)  \(age(entry.lastUse))  "
            + "\(Console.printable(entry.name))\n")
      }
    case .size: Console.write("\(cache.entries.reduce(0) { $0 + $1.size })\n")
    case .clear: Console.write("removed \(cache.clear())\n")
    case .path: break
    }
  }

  private func age(_ since: Int) -> String {
    let seconds = max(0, time(nil) - since)
    for (unit, length) in [("d", 86_400), ("h", 3_600), ("m", 60)] where seconds >= length {
      return "\(seconds / length)\(unit) ago"
    }
    return "\(seconds)s ago"
  }
}
