import Basics

extension ArenaResult {
  /// Everything: what was tried, what was found, how the rules rank.
  package var json: JSONValue {
    .record([
      "trials": .int(settings.trials), "seeds": .int(settings.seeds),
      "interrupted": .bool(wasInterrupted),
      "rules": .array(rules.map { .string($0) }),
      "tasks": .array(
        tasks.map {
          .record([
            "name": .string($0.name), "level": .string($0.level), "steps": .int($0.steps),
            "target": .string($0.target),
          ])
        }),
      "ranking": .array(
        rows.enumerated().map { place, row in
          .record([
            "rule": .string(rules[row.rule]), "score": .number(row.place.score.mean),
            "halfWidth": .number(row.place.score.halfWidth), "solved": .int(row.solved),
            "solvedWithOneSetting": .int(row.solvedWithOne), "oneSetting": .string(row.one),
            "betterThan": names(row.place.betterThan), "worseThan": names(row.place.worseThan),
            "ratios": .array(profile.ratios[place].map { .number($0) }),
          ])
        }),
      "cells": .array(cells.flatMap { $0 }.compactMap { $0?.json }),
    ])
  }

  private func names(_ all: [Int]) -> JSONValue { .array(all.map { .string(rules[$0]) }) }
}
