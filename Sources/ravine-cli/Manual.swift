import Basics

/// The page of `man ravine`, in the macros of man(7), made of what the commands say of themselves.
struct Manual {
  private let root: JSONValue

  init() {
    let help = try? JSONReader.parse(Array(Ravine._dumpHelp().utf8))
    root = help?["command"] ?? .null
  }

  var text: String {
    var lines = [".TH RAVINE 1 \"\" \"Ravine \(Ravine.version)\" \"Ravine\""]
    lines += [".SH NAME", "ravine \\- " + Self.escaped(Self.words(root, "abstract"))]
    lines += [".SH SYNOPSIS", ".B ravine", "\\fIcommand\\fR [\\fIargument\\fR ...]"]
    lines += [".br", ".B ravine", "\\fIfile\\fR.opt"]
    lines += [".SH DESCRIPTION"] + Self.prose(Ravine.summary)
    lines += [".SH OPTIONS"] + entries(root)
    lines += [".SH COMMANDS"]
    for command in root["subcommands"]?.items ?? [] where Self.isShown(command) {
      lines += section(command)
    }
    lines += [".SH EXAMPLES"] + Self.prose(Ravine.examples)
    lines += [".SH EXIT STATUS"]
    for status in Status.allCases {
      lines += [".TP", ".B \(status.rawValue)", Self.escaped(status.meaning)]
    }
    return lines.joined(separator: "\n") + "\n"
  }

  // MARK: A command

  private func section(_ command: JSONValue) -> [String] {
    let name = Self.words(command, "commandName")
    let usage = Self.arguments(command).map(Self.usage)
    return [".SS " + Self.escaped(name), Self.escaped(Self.words(command, "abstract")), ".PP"]
      + [".B ravine \(Self.escaped(name))"] + usage
      + entries(command) + [".PP"] + Self.prose(Self.words(command, "discussion"))
  }

  /// What is said of each argument. `--help` and `--version` are of the program.
  private func entries(_ command: JSONValue) -> [String] {
    Self.arguments(command).flatMap { argument -> [String] in
      let names = (argument["names"]?.items ?? []).map(Self.name)
      let value = Self.value(argument)
      let head =
        names.isEmpty
        ? value
        : names.joined(separator: ", ") + (argument["kind"]?.text == "option" ? " " + value : "")
      var about = [Self.words(argument, "abstract"), Self.words(argument, "discussion")]
      if let initial = argument["defaultValue"]?.text { about.append("Without it: \(initial).") }
      let said = about.filter { !$0.isEmpty }.joined(separator: " ")
      return [".TP", head] + (said.isEmpty ? [] : [Self.escaped(said)])
    }
  }

  private static func arguments(_ command: JSONValue) -> [JSONValue] {
    let isRoot = command["commandName"]?.text == "ravine"
    return (command["arguments"]?.items ?? []).filter { argument in
      let name = argument["preferredName"]?["name"]?.text
      return isShown(argument) && (isRoot || name != "help" && name != "version")
    }
  }

  /// `help` is what this page is.
  private static func isShown(_ item: JSONValue) -> Bool {
    item["shouldDisplay"] != .bool(false) && item["commandName"]?.text != "help"
  }

  /// An argument where the command is written whole: `[--json]`, `rule ...`.
  private static func usage(_ argument: JSONValue) -> String {
    let value = value(argument)
    var text = value
    if let preferred = argument["preferredName"] {
      text = name(preferred) + (argument["kind"]?.text == "option" ? " " + value : "")
    }
    if argument["isRepeating"] == .bool(true) { text += " ..." }
    return argument["isOptional"] == .bool(true) ? "[" + text + "]" : text
  }

  private static func name(_ name: JSONValue) -> String {
    let dashes = name["kind"]?.text == "long" ? "--" : "-"
    return "\\fB" + escaped(dashes + words(name, "name")) + "\\fR"
  }

  private static func value(_ argument: JSONValue) -> String {
    "\\fI" + escaped(words(argument, "valueName")) + "\\fR"
  }

  private static func words(_ item: JSONValue, _ member: String) -> String {
    item[member]?.text ?? ""
  }

  // MARK: Text

  /// Paragraphs; lines that are indented stay as they are.
  private static func prose(_ text: String) -> [String] {
    var lines: [String] = []
    var isExample = false
    var isAfterBlank = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.isEmpty {
        isAfterBlank = true
        continue
      }
      let isIndented = line.hasPrefix("  ")
      if isIndented != isExample { lines.append(isIndented ? ".EX" : ".EE") }
      if !isIndented, isExample || isAfterBlank { lines.append(".PP") }
      isAfterBlank = false
      isExample = isIndented
      lines.append(escaped(String(line)))
    }
    if isExample { lines.append(".EE") }
    return lines
  }

  /// Text that roff prints as it is: no line is taken for a request, no character for another.
  static func escaped(_ text: String) -> String {
    var out = text.hasPrefix(".") ? "\\&" : ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": out += "\\(rs"
      case "-": out += "\\-"
      case "'": out += "\\(aq"
      case "`": out += "\\(ga"
      case "^": out += "\\(ha"
      case "~": out += "\\(ti"
      case "\"": out += "\\(dq"
      case "\n": out += " "
      case " "..."~": out.unicodeScalars.append(scalar)
      default:
        let hex = String(scalar.value, radix: 16, uppercase: true)
        out += "\\[u" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex + "]"
      }
    }
    return out
  }
}
