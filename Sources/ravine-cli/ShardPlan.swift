import Basics
import IR
import Laboratory
import Runtime

/// How the tensors of a rule lie on several devices, from what its equations read.
///
/// - `shard`: split along the first axis, what the rule reduces is reduced over all devices;
/// - `block`: the same in whole rows, which the rule reduces by themselves;
/// - `owned`: in one place, with its states and its step, the places chosen so that all have as much to do;
/// - `replicate`: on every device, where there is less of it than there are devices.
struct ShardPlan {
  struct Row {
    var tensor: ParameterSpec
    var route: String
    var layout: String
    /// The device of a tensor that is owned.
    var owner: Int?
    var stateBytes: Double
    var why: String
  }

  let rows: [Row]

  init(_ description: RuleDescription, devices: Int) {
    var load = [Double](repeating: 0, count: devices)
    var rows: [Row] = []
    // The largest first, so that the small ones even out what is left.
    let order = description.placements.indices.sorted {
      (description.placements[$0].flops, $1) > (description.placements[$1].flops, $0)
    }
    var owners: [Int: Int] = [:]
    for k in order where Self.reach(description, k) == .wholeTensor {
      let least = load.indices.min { load[$0] < load[$1] }!
      owners[k] = least
      load[least] += description.placements[k].flops
    }
    for (k, placement) in description.placements.enumerated() {
      let dims = placement.tensor.dims
      let sheet = Self.sheet(description, k)
      let isSmall = (dims.first ?? 1) < devices
      let layout: String
      switch sheet?.reach {
      case .wholeTensor: layout = "owned"
      case _ where isSmall: layout = "replicate"
      case .rowsOrColumns: layout = "block"
      default: layout = "shard"
      }
      rows.append(
        Row(
          tensor: placement.tensor, route: placement.path.joined(separator: ", "), layout: layout,
          owner: owners[k],
          stateBytes: layout == "shard" || layout == "block"
            ? placement.stateBytes / Double(devices) : placement.stateBytes,
          why: layout == "replicate"
            ? "shorter than there are devices" : sheet?.sharding ?? "any split"))
    }
    self.rows = rows
  }

  private static func sheet(_ description: RuleDescription, _ k: Int) -> CostSheet? {
    description.variants.first { $0.path == description.placements[k].path }?.sheet
  }

  private static func reach(_ description: RuleDescription, _ k: Int) -> CostSheet.Reach? {
    sheet(description, k)?.reach
  }

  private func shape(_ tensor: ParameterSpec) -> String {
    tensor.dims.isEmpty ? "1" : tensor.dims.map(String.init).joined(separator: "×")
  }

  var text: String {
    var table = TextTable(header: ["tensor", "shape", "route", "layout", "states a device", "why"])
    for row in rows {
      let place = row.owner.map { " by \($0)" } ?? ""
      table.append([
        TerminalText.word(row.tensor.name), shape(row.tensor), row.route, row.layout + place,
        "\(Int(row.stateBytes.rounded())) bytes", row.why,
      ])
    }
    return table.render()
  }

  var json: JSONValue {
    .array(
      rows.map { row in
        .record([
          "name": .string(row.tensor.name), "shape": .array(row.tensor.dims.map { .int($0) }),
          "route": .string(row.route), "layout": .string(row.layout),
          "owner": row.owner.map { .int($0) } ?? .null, "stateBytes": .number(row.stateBytes),
          "why": .string(row.why),
        ])
      })
  }
}
