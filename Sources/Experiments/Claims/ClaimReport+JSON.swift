import Basics
import Search

extension ClaimReport.Terms {
  package var json: JSONValue {
    .record([
      "restart": .int(restart), "number": .int(number), "rate": .number(rate),
      "trials": .int(trials), "pairs": .int(pairs),
    ])
  }

  /// Nil for what are no terms.
  package init?(_ json: JSONValue) {
    func count(_ key: String) -> Int? {
      json[key]?.real.flatMap { 0...1e12 ~= $0 && $0 == $0.rounded() ? Int($0) : nil }
    }
    guard let restart = count("restart"), let number = count("number"),
      let rate = json["rate"]?.real, let trials = count("trials"), let pairs = count("pairs")
    else { return nil }
    self.init(restart: restart, number: number, rate: rate, trials: trials, pairs: pairs)
  }
}

extension ClaimReport {
  /// What was measured, and what follows of it for whoever reads it; the first is what `init` takes.
  package var json: JSONValue {
    .record([
      "subject": .string(subject.rawValue), "terms": terms.json, "time": .int(time),
      "rules": .array(rules.map { .string($0) }),
      "tasks": .array(
        tasks.map {
          .record([
            "name": .string($0.name), "target": .string($0.target), "limit": .number($0.limit),
            "below": .bool($0.isBelow),
          ])
        }),
      "cells": .array(cells.map { .array($0.map(\.json)) }),
      "parts": .array(
        parts.enumerated().map { k, part in
          let harm = harm(k)
          return .record([
            "statement": .int(part.statement), "what": .string(part.what), "by": .string(part.by),
            "cells": .array(part.cells.map(\.json)), "mean": .number(harm.mean),
            "low": .number(harm.low), "high": .number(harm.high),
          ])
        }),
      "comparisons": .array(comparisons.map(json)),
      "profile": .array(
        rules.indices.map { rule in
          .record([
            "rule": .string(rules[rule]),
            "ratios": .array(profile.ratios[rule].map { .number($0) }),
          ])
        }),
      "evidence": .array(
        tasks.indices.flatMap { task in
          rules.indices.compactMap { rule in
            evidence(rule, task).map {
              .record([
                "task": .string(tasks[task].name), "rule": .string(rules[rule]),
                "mean": .number($0.mean), "value": .number($0.value), "t": .number($0.t),
                "p": .number($0.probability),
              ])
            }
          }
        }),
    ])
  }

  private func json(_ found: ClaimComparison) -> JSONValue {
    .record([
      "task": .string(tasks[found.task].name), "against": .string(rules[found.rule]),
      "mean": .number(found.interval.mean), "low": .number(found.interval.low),
      "high": .number(found.interval.high), "wins": .int(found.wins),
      "losses": .int(found.losses), "ties": .int(found.ties),
      "p": found.probability.map { .number($0) } ?? .null,
      "holm": found.adjusted.map { .number($0) } ?? .null,
      "verdict": .string(found.verdict.rawValue),
    ])
  }

  /// Nil for what is no report.
  package init?(_ json: JSONValue) {
    guard let subject = json["subject"]?.text.flatMap({ SearchJournal.Subject(rawValue: $0) }),
      let terms = json["terms"].flatMap({ Terms($0) }), let time = json["time"]?.real,
      0...1e12 ~= time, let rules = json["rules"]?.items?.compactMap(\.text),
      let tasks = json["tasks"]?.items?.compactMap({ Task($0) }),
      let rows = json["cells"]?.items, let parts = json["parts"]?.items?.compactMap({ Part($0) })
    else { return nil }
    let cells = rows.map { $0.items?.compactMap({ ClaimCell($0) }) ?? [] }
    // Two rules at least: a program and what it is compared with.
    guard rules.count > 1, cells.count == rules.count,
      (cells + parts.map(\.cells)).allSatisfy({ $0.count == tasks.count })
    else { return nil }
    self.init(subject, terms, time: Int(time), rules: rules, tasks: tasks, cells: cells)
    self.parts = parts
  }

  /// Reads what a journal keeps.
  package init?(text: String) {
    guard let json = try? JSONReader.parse(Array(text.utf8)) else { return nil }
    self.init(json)
  }
}

extension ClaimReport.Task {
  init?(_ json: JSONValue) {
    guard let name = json["name"]?.text, let target = json["target"]?.text,
      let limit = json["limit"]?.real, case .bool(let isBelow)? = json["below"]
    else { return nil }
    self.init(name: name, target: target, limit: limit, isBelow: isBelow)
  }
}

extension ClaimReport.Part {
  init?(_ json: JSONValue) {
    guard let statement = json["statement"]?.real, 0...1e6 ~= statement,
      let what = json["what"]?.text, let by = json["by"]?.text,
      let cells = json["cells"]?.items?.compactMap({ ClaimCell($0) })
    else { return nil }
    self.init(statement: Int(statement), what: what, by: by, cells: cells)
  }
}
