import Basics
import Platform

extension ArenaResult {
  /// One page of HTML with everything in it: rules × tasks, profiles, each cell's curve.
  package var page: String {
    let template = String(decoding: PackageResources.page_html, as: UTF8.self)
    // A `<` in a text would end the script.
    let data = pageData.line.replacing("<", with: "\\u003c")
    return template.replacing("/*DATA*/null", with: data)
  }

  private var pageData: JSONValue {
    // Rules that did not come to their end stand behind, in their own order.
    let places = Dictionary(uniqueKeysWithValues: rows.map { ($0.rule, $0) })
    let order = rows.map(\.rule) + rules.indices.filter { places[$0] == nil }
    return .record([
      "trials": .int(settings.trials), "seeds": .int(settings.seeds),
      "farthest": .number(PerformanceProfile.farthest),
      "tasks": .array(
        tasks.map {
          .record([
            "name": .string($0.name), "level": .string($0.level), "steps": .int($0.steps),
            "target": .string($0.target), "limit": .number($0.limit),
          ])
        }),
      "rules": .array(
        order.map { rule in
          guard let row = places[rule] else { return .record(["name": .string(rules[rule])]) }
          return .record([
            "name": .string(rules[rule]), "score": .number(row.place.score.mean),
            "half": .number(row.place.score.halfWidth), "solved": .int(row.solved),
            "one": .int(row.solvedWithOne), "setting": .string(row.one),
            "better": .array(row.place.betterThan.map { .int(order.firstIndex(of: $0) ?? 0) }),
            "worse": .array(row.place.worseThan.map { .int(order.firstIndex(of: $0) ?? 0) }),
          ])
        }),
      "cells": .array(order.map { rule in .array(cells[rule].map(Self.cell)) }),
    ])
  }

  /// `[steps by seed, setting, last values, curve]`, or why there is none.
  private static func cell(_ cell: ArenaCell?) -> JSONValue {
    guard let cell else { return .null }
    if let problem = cell.problem { return .string(problem) }
    return .array([
      .array(cell.runs.map { .int($0.reached ? $0.steps : -1) }), .string(cell.setting),
      .array(cell.runs.map { .string(NumberText.short($0.last)) }), curve(cell.curve),
    ])
  }

  /// Places of a curve as letters: 64 heights between the least and the largest value, by powers where all are
  /// positive. `[letters, least, largest, by powers, steps]`, the steps alone where they are not even.
  private static func curve(_ curve: ArenaCurve?) -> JSONValue {
    guard let curve, let last = curve.steps.last else { return .null }
    let finite = curve.values.filter(\.isFinite)
    guard let low = finite.min(), let high = finite.max() else { return .null }
    let isPowers = low > 0
    // Half of each: the span of all numbers is no number.
    func height(_ x: Double) -> Double { isPowers ? log10(x) : x / 2 }
    let span = height(high) - height(low)
    let letters = curve.values.map { value -> Character in
      guard value.isFinite else { return " " }
      let share = span > 0 ? (height(value) - height(low)) / span : 0
      return alphabet[min(63, max(0, Int((share * 63).rounded())))]
    }
    let count = curve.steps.count
    let isEven = curve.steps.enumerated().allSatisfy { k, step in
      abs(Double(step) - Double(k * last) / Double(max(1, count - 1))) <= 1
    }
    return .array([
      .string(String(letters)), .number(low), .number(high), .bool(isPowers),
      isEven ? .int(last) : .array(curve.steps.map { .int($0) }),
    ])
  }

  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
}
