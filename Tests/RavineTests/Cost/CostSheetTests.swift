import Driver
import IR
import Laboratory
import Runtime
import Testing

/// Cost sheets against counts made by hand from the rules' equations.
@Suite struct CostSheetTests {
  private func sheets(_ rule: String) throws -> [CostSheet] {
    try RuleDescription(Compiler().rule(rule)).variants.map(\.sheet)
  }

  private func sheet(_ rule: String) throws -> CostSheet {
    let all = try sheets(rule)
    #expect(all.count == 1)
    return all[0]
  }

  @Test func adamW() throws {
    let sheet = try sheet("AdamW")
    #expect(sheet.reach == .elementwise)
    #expect(sheet.sharding == "any split")
    // m and v; in: w, g, m, v; out: w, m, v.
    #expect(sheet.stateBytes.perElement.constant == 8)
    #expect(sheet.busiest.bytesRead.perElement.constant == 16)
    #expect(sheet.busiest.bytesWritten.perElement.constant == 12)
    // m': 3; v': 4 with the square; two bias corrections; root, + ε, quotient; λ * w, sum, * lr, w -.
    #expect(sheet.busiest.flops.perElement.constant == 16)
    // Quotients: of the two corrections and of the direction.
    #expect(
      sheet.busiest.operations
        == [.multiply: 7, .add: 4, .subtract: 1, .divide: 3, .squareRoot: 1])
    #expect(sheet.busiest.passes == 1)
    #expect(sheet.busiest.temporaryBytes == .zero)
    #expect(sheet.quietest == sheet.busiest)
  }

  @Test func drawsAreCounted() throws {
    // One number an element: passes that need it again make it again, which is not counted, like other values.
    #expect(try sheet("MeZO").busiest.operations[.draw] == 1)
  }

  @Test func lion() throws {
    let sheet = try sheet("Lion")
    #expect(sheet.reach == .elementwise)
    #expect(sheet.stateBytes.perElement.constant == 4)
    // In: w, g, m; out: w, m.
    #expect(sheet.busiest.bytesMoved.perElement.constant == 20)
    // Two averages of 3, sign, λ * w, sum, * lr, w -.
    #expect(sheet.busiest.flops.perElement.constant == 11)
  }

  @Test func lamb() throws {
    let sheet = try sheet("LAMB")
    #expect(sheet.reach == .tensorReduction)
    #expect(sheet.tensorReductions == 2)
    #expect(sheet.globalReductions == 0)
    #expect(sheet.sharding == "any split, with an all-reduce of 2 numbers")
    // The norms of w and of the direction need a pass before the one that writes: w, g, m, v twice.
    #expect(sheet.busiest.passes == 2)
    #expect(sheet.busiest.bytesRead.perElement.constant == 32)
    #expect(sheet.busiest.bytesWritten.perElement.constant == 12)
    #expect(sheet.busiest.temporaryBytes == .zero)
  }

  @Test func adafactor() throws {
    let all = try sheets("Adafactor")
    #expect(all.count == 2)
    let matrix = all[0]
    #expect(matrix.stateBytes == Amount.rows * 4 + Amount.cols * 4)
    #expect(matrix.reach == .rowsOrColumns)
    #expect(matrix.rowReductions == 1)
    #expect(matrix.columnReductions == 1)
    // rms(w), rms(u), mean(R).
    #expect(matrix.tensorReductions == 3)
    #expect(matrix.busiest.passes == 3)
    // The means of g² and rms(w): w, g. rms(u): g. The step: w, g in, w out. R and C besides.
    let long = Amount.elements * 24
    #expect(
      matrix.busiest.bytesMoved.value(rows: 4096, cols: 4096)
        < (long + Amount.rows * 24 + Amount.cols * 24).value(rows: 4096, cols: 4096))
    #expect(
      matrix.busiest.bytesMoved.value(rows: 4096, cols: 4096)
        > long.value(rows: 4096, cols: 4096))
    let vector = all[1]
    #expect(vector.stateBytes.perElement.constant == 4)
    #expect(vector.reach == .tensorReduction)
    // rms(w) and rms(u): w, g, V; then w, g, V in and w, V out.
    #expect(vector.busiest.passes == 2)
    #expect(vector.busiest.bytesMoved.perElement.constant == 32)
  }

  @Test func muon() throws {
    let sheet = try sheet("Muon")
    #expect(sheet.reach == .wholeTensor)
    #expect(sheet.sharding == "the whole matrix in one place")
    #expect(sheet.variesByShape)
    #expect(sheet.stateBytes.perElement.constant == 4)
    // Five iterations of three products.
    #expect(sheet.busiest.matrixProducts.constant == 15)
    // X @ X.T and (…) @ X: 2 rows² cols each; A @ A: 2 rows³.
    let iteration =
      Amount.rows * Amount.rows * Amount.cols * 4 + Amount.rows * Amount.rows * Amount.rows * 2
    let products = (iteration * 5).value(rows: 512, cols: 4096)
    let flops = [sheet.busiest, sheet.quietest].map { $0.flops.value(rows: 512, cols: 4096) }.min()!
    #expect(flops > products)
    // What is not a product is at most a few dozen operations an element and iteration.
    #expect(flops < products * 1.1)
    #expect(sheet.busiest.temporaryBytes.value(rows: 64, cols: 64) > 0)
  }

  @Test func iterationsCountAsOftenAsTheHyperparameterSays() throws {
    #expect(try sheet("Muon(steps = 7)").busiest.matrixProducts.constant == 21)
  }

  @Test func aPeriodicStepCostsMoreThanTheOthers() throws {
    let sheet = try sheet("Lookahead(SGD)")
    #expect(!sheet.variesByShape)
    // Most steps: w, g in, w out. Every fifth: slow in and out besides.
    #expect(sheet.quietest.bytesMoved.perElement.constant == 12)
    #expect(sheet.busiest.bytesMoved.perElement.constant == 20)
    #expect(sheet.stateBytes.perElement.constant == 4)
  }

  @Test func aReductionOverAllTensorsIsOne() throws {
    let sheet = try sheet("ClipGlobalNorm(SGD)")
    #expect(sheet.reach == .globalReduction)
    #expect(sheet.globalReductions == 1)
    #expect(sheet.tensorReductions == 0)
    #expect(sheet.sharding == "any split, with an all-reduce of one number")
    // The norm of g; then w, g in and w out.
    #expect(sheet.busiest.passes == 2)
    #expect(sheet.busiest.bytesMoved.perElement.constant == 16)
  }

  @Test func anOldValueStaysUntilItsLastReader() throws {
    let compiler = Compiler()
    let source = """
      rule Delayed(lr = 0.1) {
          state m
          m' = ema(m, g, 0.9)
          w' = w - lr * (m + g) / norm(g)
      }
      """
    #expect(compiler.add(name: "delayed.opt", bytes: Array(source.utf8)).isEmpty)
    let sheet = try RuleDescription(compiler.rule("Delayed")).variants[0].sheet
    // The norm: g. Then w, g and the old m in, w and m out: m' waits for the second pass.
    #expect(sheet.busiest.passes == 2)
    #expect(sheet.busiest.bytesRead.perElement.constant == 16)
    #expect(sheet.busiest.bytesWritten.perElement.constant == 8)
  }

  @Test func storageDrawsOraclesAndInputsAreCounted() throws {
    let compiler = Compiler()
    let source = """
      rule Probe(ε = 1e-3) {
          input h
          state m as bf16
          state q as int8(block = 256)
          state d: global = 1
          z = normal()
          slope = (loss(w + ε * z) - loss(w - ε * z)) / (2 * ε)
          m' = ema(m, slope * z, 0.9)
          q' = ema(q, h, 0.9)
          d' = d / 2
          w' = w - m' - q' * d
      }
      """
    let found = compiler.add(name: "probe.opt", bytes: Array(source.utf8))
    #expect(found.isEmpty)
    let description = try RuleDescription(compiler.rule("Probe"))
    let sheet = description.variants[0].sheet
    #expect(sheet.stateBytes.perElement.constant == 2 + 1 + 4.0 / 256)
    #expect(sheet.globalStateBytes.constant == 8)
    #expect(sheet.draws.map(\.name) == ["z"])
    #expect(sheet.draws[0].distribution == .normal)
    #expect(sheet.lossQueries == 2)
    #expect(!sheet.usesGradient)
    #expect(sheet.inputs.map(\.name) == ["h"])
  }

  @Test func placesSayWhatEachTensorCosts() throws {
    let description = try RuleDescription(
      Compiler().rule("MuonAdamW"),
      parameters: [
        ParameterSpec(name: "w1", dims: [64, 32]), ParameterSpec(name: "b1", dims: [32]),
        ParameterSpec(name: "s", dims: []),
      ])
    let placements = description.placements
    #expect(placements.map { $0.path.last! }.map { $0.hasSuffix("Muon") } == [true, false, false])
    #expect(placements.map(\.stateBytes) == [8192, 256, 8])
    #expect(placements[1].flops == 16 * 32)
    #expect(placements[1].bytesMoved == 28 * 32)
  }

  @Test func amountsAreWrittenAsPeopleWriteThem() {
    #expect(Amount.zero.description == "0")
    #expect((Amount.rows * 4 + Amount.cols * 4).description == "4·rows + 4·cols")
    #expect((Amount.rows * Amount.rows * Amount.cols * 2.5).description == "2.5·rows²·cols")
    #expect((Amount.cols * 4).perElement.description == "4/rows")
    #expect((Amount.rows - Amount(1)).description == "rows - 1")
    #expect((Amount.rows - Amount.rows).description == "0")
    #expect((Amount.rows * Amount.length("batch") * 3).description == "3·rows·batch")
    #expect((Amount.elements * 3 + Amount(2)).value(rows: 5, cols: 7) == 107)
  }
}
