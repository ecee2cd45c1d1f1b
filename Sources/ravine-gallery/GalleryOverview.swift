import Basics
import Diagnostics
import Experiments

/// All rules of a search on one task as a picture: one line a rule, the mean of a series and its
/// spread from the smallest to the largest over the seeds.
package struct GalleryOverview {
  package let result: Tuner.Result
  package let series: String

  package init(_ result: Tuner.Result, series: String) {
    self.result = result
    self.series = series
  }

  private struct Line {
    var name: String
    var mean: Double
    var low: Double
    var high: Double
    var rate: String
  }

  /// The best first.
  private var lines: [Line] {
    result.rows.compactMap { row in
      guard let values = row.values[series], let low = values.min(), let high = values.max() else {
        return nil
      }
      return Line(
        name: row.written, mean: MeanInterval(values).mean, low: low, high: high,
        rate: row.best.map { NumberText.short($0) }.joined(separator: ", "))
    }.sorted { $0.mean > $1.mean }
  }

  package var svg: String {
    let lines = lines
    let lowest = lines.map(\.low).min() ?? 0
    let highest = lines.map(\.high).max() ?? 1
    // Rules that learn nothing would leave no room for the others.
    let ordered = lines.map(\.low).sorted()
    let floor = max(lowest, ordered.isEmpty ? 0 : ordered[ordered.count / 12])
    let (left, width, step) = (190.0, 420.0, 14.0)
    func x(_ value: Double) -> Double {
      left + width * min(1, max(0, (value - floor) / max(1e-12, highest - floor)))
    }
    func text(_ value: Double) -> String { NumberText.fixed(value, decimals: 1) }
    let height = 70 + step * Double(lines.count)
    var body = ""
    for k in 0...4 {
      let value = floor + (highest - floor) * Double(k) / 4
      body += "<path d=\"M\(text(x(value))) 44V\(text(height - 14))\" stroke=\"#e6e6e6\"/>\n"
      body +=
        "<text x=\"\(text(x(value)))\" y=\"38\" text-anchor=\"middle\" fill=\"#666\">"
        + "\(NumberText.fixed(value, decimals: 3))</text>\n"
    }
    for (k, line) in lines.enumerated() {
      let y = text(56 + step * Double(k))
      body +=
        "<text x=\"\(text(left - 10))\" y=\"\(text(60 + step * Double(k)))\" text-anchor=\"end\">\(line.name)</text>\n"
      body +=
        "<path d=\"M\(text(x(line.low))) \(y)H\(text(x(line.high)))\" stroke=\"#7d9bbf\" stroke-width=\"3\"/>\n"
      body += "<circle cx=\"\(text(x(line.mean)))\" cy=\"\(y)\" r=\"3.2\" fill=\"#0b4f8a\"/>\n"
    }
    return
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 640 \(text(height))\" width=\"640\" "
      + "height=\"\(text(height))\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"11\" "
      + "fill=\"#333\">\n<title>\(series) after \(result.length)</title>\n"
      + "<rect width=\"640\" height=\"\(text(height))\" fill=\"#fff\"/>\n"
      + "<text x=\"10\" y=\"18\" font-size=\"14\" font-weight=\"600\">\(series) on test rows after "
      + "\(result.length), mean and range over \(result.settings.seeds) seeds</text>\n" + body
      + "</svg>\n"
  }

  /// The same numbers for reading, and what they are worth.
  package func text(task: String, left: [String]) -> String {
    var lines = [
      "", "## All elementwise rules on one small task", "",
      "\(task) after \(result.length): a small task, on which most rules end close together. It says",
      "that they work, and nothing of large networks. Each rule got the same budget,",
      "\(result.settings.trials) learning rates from 1e-5 to 10 on one seed, chosen by the training loss;",
      "all other hyperparameters are the defaults. Points are means over \(result.settings.seeds) further",
      "seeds, the same for all rules, bars go from the smallest to the largest; what ends at the",
      "left edge of the picture lies below it, as the table says.", "",
      "![\(series) of all elementwise rules](digits.svg)", "",
      "| rule | lr | \(series) | smallest | largest |", "|---|---|---|---|---|",
    ]
    for line in self.lines {
      lines.append(
        "| \(line.name) | \(line.rate) | \(NumberText.significant(line.mean)) | "
          + "\(NumberText.significant(line.low)) | \(NumberText.significant(line.high)) |")
    }
    if !left.isEmpty {
      lines += [
        "",
        "Left out, for they have no `lr` or need more than a gradient: "
          + left.joined(separator: ", ") + ".",
      ]
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
