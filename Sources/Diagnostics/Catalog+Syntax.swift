extension Catalog {
  /// R01xx: bytes, tokens and sentences.
  static let syntaxPages: [CatalogPage] = [
    CatalogPage(
      .notUTF8, "Bytes that are not UTF-8",
      "The source must be UTF-8 text. A run of bytes that no UTF-8 text contains is "
        + "reported once. Save the file as UTF-8.",
      trigger: .situation(
        """
        a file with the byte FF
        """),
      repair: .situation(
        """
        the file saved as UTF-8
        """)),
    CatalogPage(
      .strayCharacter, "A character that starts no part of a program",
      "The character is no operator, letter, digit or quote of the language, or a control "
        + "character. Where it has a counterpart (typographic quotes, `∈`, `∧`, a hat), the "
        + "message offers it.",
      trigger: .program(
        """
        rule Descent(lr = 0.1) {
            w' = if lr > 0 ∧ t > 1 then w - lr * g else w
        }
        """),
      repair: .program(
        """
        rule Descent(lr = 0.1) {
            w' = if lr > 0 and t > 1 then w - lr * g else w
        }
        """)),
    CatalogPage(
      .openString, "A string without its closing quote",
      #"A string ends on the line it begins on; a line break inside is written `\n`."#,
      trigger: .program(
        """
        data d = csv("digits.csv)
        """),
      repair: .program(
        """
        data d = csv("digits.csv", target = "digit")
        """)),
    CatalogPage(
      .unknownEscape, "An unknown escape in a string",
      #"After a backslash a string knows `"`, `\` and `n`."#,
      trigger: .program(
        #"""
        data d = csv("data\digits.csv", target = "digit")
        """#),
      repair: .program(
        """
        data d = csv("data/digits.csv", target = "digit")
        """)),
    CatalogPage(
      .malformedNumber, "A malformed number",
      "A number has digits on both sides of its one decimal point, digits in its exponent, "
        + "is not beyond about 1.8e308, and does not run into a name: a product is written with "
        + "`*`.",
      trigger: .program(
        """
        rate = .5
        rate
        """),
      repair: .program(
        """
        rate = 0.5
        rate
        """)),
    CatalogPage(
      .foreignOperator, "An operator of another language",
      "`**` is `^`, `&&` is `and`, `||` is `or`, `!` is `not`, `%` is `mod`, `//` is `/`, "
        + "`===` is `==`, `||x||` is `norm(x)` or `‖x‖`.",
      trigger: .program(
        """
        rule Descent(lr = 0.1) {
            w' = w - lr * g ** 2
        }
        """),
      repair: .program(
        """
        rule Descent(lr = 0.1) {
            w' = w - lr * g^2
        }
        """)),
    CatalogPage(
      .singleQuotes, "A string in single quotes",
      "Strings stand between double quotes; `'` marks the value of a state after the step.",
      trigger: .program(
        """
        data d = csv('digits.csv', target = "digit")
        """),
      repair: .program(
        """
        data d = csv("digits.csv", target = "digit")
        """)),
    CatalogPage(
      .strayPrime, "A stray prime",
      "A prime stands directly behind the name of a state, without a space: `m'`.",
      trigger: .program(
        """
        rule Momentum {
            state m
            m ' = ema(m, g, 0.9)
            w' = w - m'
        }
        """),
      repair: .program(
        """
        rule Momentum {
            state m
            m' = ema(m, g, 0.9)
            w' = w - m'
        }
        """)),
    CatalogPage(
      .nestedTooDeep, "Nested too deep",
      "A text may nest 200 levels of parentheses, signs and blocks. Name a part of it in an "
        + "equation of its own.",
      trigger: .situation(
        """
        x = (((( … )))) with 201 parentheses
        """),
      repair: .situation(
        """
        x = 1, or parts with names of their own
        """)),
    CatalogPage(
      .sourceTooLarge, "A source text that is too large",
      "The limit is 16 MiB; a program of that size is usually data under a wrong name.",
      trigger: .situation(
        """
        a file of more than 16 MiB
        """),
      repair: .situation(
        """
        several files
        """)),
    CatalogPage(
      .tooManyErrors, "Too many syntax errors",
      "After 50 syntax errors (40 of them of bytes and characters) the rest of the file is "
        + "not read: it is probably not a program.",
      trigger: .situation(
        """
        51 lines that read }
        """),
      repair: .situation(
        """
        a program
        """)),
    CatalogPage(
      .expressionTooLarge, "An expression that is too large",
      "An expression may be 500 operations deep: a sum of more than 500 terms is. Name a "
        + "part of it in an equation of its own.",
      trigger: .situation(
        """
        x = a + a + … with 501 terms
        """),
      repair: .situation(
        """
        the sum in parts with names of their own
        """)),
    CatalogPage(
      .missingExpression, "An expression is missing",
      "An operator, `=`, `(`, `,` or a keyword asks for a value, and none follows.",
      trigger: .program(
        """
        rule Descent(lr = 0.1) {
            w' = w - lr *
        }
        """),
      repair: .program(
        """
        rule Descent(lr = 0.1) {
            w' = w - lr * g
        }
        """)),
    CatalogPage(
      .missingBracket, "A closing bracket is missing",
      "A `(`, `[` or `‖` is not closed, or something stands before its end that belongs to "
        + "no expression (a missing comma or operator). The note shows where it was opened.",
      trigger: .program(
        """
        rule Descent(lr = 0.1) {
            w' = w - lr * (g + w
        }
        """),
      repair: .program(
        """
        rule Descent(lr = 0.1) {
            w' = w - lr * (g + w)
        }
        """)),
    CatalogPage(
      .missingBrace, "A closing brace is missing",
      "The block that `{` opened has no `}` before the next declaration or the end of the "
        + "file.",
      trigger: .program(
        """
        rule A {
            w' = w - g
        rule B {
            w' = w - 2 * g
        }
        """),
      repair: .program(
        """
        rule A {
            w' = w - g
        }
        rule B {
            w' = w - 2 * g
        }
        """)),
    CatalogPage(
      .strayBracket, "A bracket that closes nothing",
      "There is a `)`, `]` or `}` more than was opened.",
      trigger: .program(
        """
        x = (1 + 2))
        x
        """),
      repair: .program(
        """
        x = (1 + 2)
        x
        """)),
    CatalogPage(
      .chainedComparison, "Chained comparisons",
      "`a < b < c` has no meaning of its own; join two comparisons with `and`.",
      trigger: .program(
        """
        rule Descent(lr = 0.1) {
            w' = if 0 < t < 9 then w else w - lr * g
        }
        """),
      repair: .program(
        """
        rule Descent(lr = 0.1) {
            w' = if 0 < t and t < 9 then w else w - lr * g
        }
        """)),
    CatalogPage(
      .secondStatement, "More on the line than one statement",
      "A statement ends with its line. Several equations may share a line, but no other "
        + "text may follow: often an operator is missing.",
      trigger: .program(
        """
        rule Descent(lr = 0.1) {
            w' = w - 2 g * lr
        }
        """),
      repair: .program(
        """
        rule Descent(lr = 0.1) {
            w' = w - 2 * g * lr
        }
        """)),
    CatalogPage(
      .missingName, "A name is missing",
      "A declaration, `state`, `:`, `.` or `on` asks for a name. Reserved words (`if then "
        + "else and or not mod inf pi`) and numbers are none.",
      trigger: .program(
        """
        rule 3 { w' = w - g }
        """),
      repair: .program(
        """
        rule Three { w' = w - g }
        """)),
    CatalogPage(
      .missingEquals, "An equals sign is missing",
      "`data`, `view` and `metric` give a name a value: `data name = …`.",
      trigger: .program(
        """
        data d csv("digits.csv", target = "digit")
        """),
      repair: .program(
        """
        data d = csv("digits.csv", target = "digit")
        """)),
    CatalogPage(
      .incompleteChoice, "A choice without `then` or `else`",
      "A choice between values is written `if c then a else b`, both parts always; "
        + "equations are guarded by `when c { … } else { … }`.",
      trigger: .program(
        """
        rule Descent(lr = 0.1) {
            w' = if t > 1 then w - lr * g
        }
        """),
      repair: .program(
        """
        rule Descent(lr = 0.1) {
            w' = if t > 1 then w - lr * g else w
        }
        """)),
    CatalogPage(
      .choiceInOperation, "`if` or `not` inside an operation",
      "`if` and `not` bind loosely; as part of an operation they need parentheses.",
      trigger: .program(
        """
        rule Descent(lr = 0.1) {
            w' = w - if t > 1 then lr * g else 0
        }
        """),
      repair: .program(
        """
        rule Descent(lr = 0.1) {
            w' = w - (if t > 1 then lr * g else 0)
        }
        """)),
    CatalogPage(
      .powerOfSuperscript, "A power of a superscript",
      "After `²` or `³` no further power, index or member follows: write parentheses.",
      trigger: .program(
        """
        rule Descent(lr = 0.1) {
            w' = w - lr * g²^3
        }
        """),
      repair: .program(
        """
        rule Descent(lr = 0.1) {
            w' = w - lr * (g²)^3
        }
        """)),
    CatalogPage(
      .misplacedPrime, "A prime where none can stand",
      "Only the name of a state takes a prime, and only one: `m'` is its value after the "
        + "step.",
      trigger: .program(
        """
        rule Momentum {
            state m
            m'' = ema(m, g, 0.9)
            w' = w - m'
        }
        """),
      repair: .program(
        """
        rule Momentum {
            state m
            m' = ema(m, g, 0.9)
            w' = w - m'
        }
        """)),
    CatalogPage(
      .positionalAfterNamed, "A positional argument after a named one",
      "Arguments by position come first: `f(x, steps = 5)`.",
      trigger: .program(
        """
        rule Descent(lr = 0.1) {
            w' = w - lr * ema(w, β = 0.9, g)
        }
        """),
      repair: .program(
        """
        rule Descent(lr = 0.1) {
            w' = w - lr * ema(w, g, β = 0.9)
        }
        """)),
    CatalogPage(
      .notCallable, "Calling what is not a name",
      "Only a name can be called. Juxtaposition is no product: write `*`.",
      trigger: .program(
        """
        rule Descent(lr = 0.1) {
            w' = w - 2(lr * g)
        }
        """),
      repair: .program(
        """
        rule Descent(lr = 0.1) {
            w' = w - 2 * (lr * g)
        }
        """)),
    CatalogPage(
      .twoAxes, "Two axes in one reduction",
      "A reduction folds the axis that it names. Fold several one after the other, from the "
        + "inside.",
      trigger: .program(
        """
        rule Twice(lr = 0.1) {
            input G: batch(groups)
            w' = w - lr * sum over batch, groups G
        }
        """),
      repair: .program(
        """
        rule Twice(lr = 0.1) {
            input G: batch(groups)
            w' = w - lr * sum over batch (sum over groups G)
        }
        """)),
    CatalogPage(
      .foreignWord, "A word of another language, or a misspelled keyword",
      "`def` is `fn`, `optimizer` and `class` are `rule`, `elif` is `else when`, `for` and "
        + "`while` are `repeat n { … }`; `let`, `var` and `return` are not written at all. A "
        + "near miss of a keyword is reported with the keyword.",
      trigger: .program(
        """
        rule Descent(lr = 0.1) {
            let step = lr * g
            w' = w - step
        }
        """),
      repair: .program(
        """
        rule Descent(lr = 0.1) {
            step = lr * g
            w' = w - step
        }
        """)),
    CatalogPage(
      .unnamedValue, "A value without a name",
      "A line of a rule or an objective is an equation, `name = …`; only the last line of a "
        + "function is a value alone. `==` compares; an equation has one `=`.",
      trigger: .program(
        """
        rule Descent(lr = 0.1) {
            w' == w - lr * g
        }
        """),
      repair: .program(
        """
        rule Descent(lr = 0.1) {
            w' = w - lr * g
        }
        """)),
    CatalogPage(
      .leftSideNotAName, "A left side that is not a name",
      "An equation defines a name or a primed name (or several: `Q, R = qr(A)` inside a "
        + "body), never an element, a call or a sum.",
      trigger: .program(
        """
        rule Descent(lr = 0.1) {
            w[0] = 1 - lr * g
        }
        """),
      repair: .program(
        """
        rule Descent(lr = 0.1) {
            w' = 1 - lr * g
        }
        """)),
    CatalogPage(
      .foreignAssignment, "An assignment of another language",
      "Equations are written with `=`. There is no `+=`: an equation states the whole new "
        + "value.",
      trigger: .program(
        """
        rule Descent(lr = 0.1) {
            w' -= lr * g
        }
        """),
      repair: .program(
        """
        rule Descent(lr = 0.1) {
            w' = w - lr * g
        }
        """)),
    CatalogPage(
      .missingBody, "A body is missing",
      "A rule, function, objective, `when`, `else`, `every` or `repeat` has a body between "
        + "braces (or `=` and a value).",
      trigger: .program(
        """
        rule Warm(lr = 0.1) {
            when t > 10
            w' = w - lr * g
        }
        """),
      repair: .program(
        """
        rule Warm(lr = 0.1) {
            when t > 10 { w' = w - lr * g }
        }
        """)),
    CatalogPage(
      .malformedDomain, "A malformed domain",
      "A domain is an interval with two bounds: `in [0, 1)`, `in (0, inf)`.",
      trigger: .program(
        """
        rule Descent(lr = 0.1 in [0 1]) {
            w' = w - lr * g
        }
        """),
      repair: .program(
        """
        rule Descent(lr = 0.1 in [0, 1]) {
            w' = w - lr * g
        }
        """)),
    CatalogPage(
      .malformedRoute, "A malformed line of a route",
      "A line of a route is `condition -> Rule(…)` or `otherwise -> Rule(…)`.",
      trigger: .program(
        """
        rule Mixed = route {
            rank == 2 : Muon
            otherwise -> AdamW
        }
        """),
      repair: .program(
        """
        rule Mixed = route {
            rank == 2 -> Muon
            otherwise -> AdamW
        }
        """)),
    CatalogPage(
      .incompleteCommand, "A part of a command is missing",
      "`minimize` needs `with` and rules, `train` also `on` and data; `for` has a unit: "
        + "`steps` or `epochs`.",
      trigger: .program(
        """
        objective bowl(x: vector(2) = 1) = sum(x^2)
        minimize bowl for 100 steps
        """),
      repair: .program(
        """
        objective bowl(x: vector(2) = 1) = sum(x^2)
        minimize bowl with Lion for 100 steps
        """)),
    CatalogPage(
      .unknownClause, "An unknown clause",
      "The clauses of `minimize` and `train` are `for`, `batch`, `seeds`, `seed`, `from`, "
        + "`every` and `workers`.",
      trigger: .program(
        """
        objective bowl(x: vector(2) = 1) = sum(x^2)
        minimize bowl with Lion for 100 steps sedes 5
        """),
      repair: .program(
        """
        objective bowl(x: vector(2) = 1) = sum(x^2)
        minimize bowl with Lion for 100 steps seeds 5
        """)),
    CatalogPage(
      .statementOutsideBody, "A statement outside of its body",
      "`state`, `input`, `view`, `guard` and equations of primed names stand inside a rule, "
        + "`param` and `metric` inside an objective.",
      trigger: .program(
        """
        state m
        """),
      repair: .program(
        """
        rule Momentum {
            state m
            m' = ema(m, g, 0.9)
            w' = w - m'
        }
        """)),
    CatalogPage(
      .inputsOutsideRule, "Inputs where there are none",
      "What follows `;` are the inputs of an objective. A rule declares its own by `input s`.",
      trigger: .program("rule Scaled(lr = 0.1; s) { w' = w - lr * s * g }"),
      repair: .program("rule Scaled(lr = 0.1) { input s; w' = w - lr * s * g }")),
    CatalogPage(
      .emptySource, "Nothing to read",
      "The file is empty, or holds comments only. This is a warning: perhaps it is the wrong one.",
      trigger: .program("# a rule will come here"),
      repair: .program("rule Descent(lr = 0.1) { w' = w - lr * g }")),
    CatalogPage(
      .tooDeep, "Equations that depend on each other too deeply",
      "A value needs another, that one the next, and so on for thousands of equations. "
        + "Fewer and larger equations say the same.",
      trigger: .situation(
        """
        x1 = x0 + 1, x2 = x1 + 1, … for thousands of lines
        """),
      repair: .situation(
        """
        repeat 1000 { x' = x + 1 }
        """)),
    CatalogPage(
      .programTooLarge, "A program that unfolds to too much",
      "Functions are unfolded where they are called, and these unfold to more than 400,000 "
        + "operations: usually one that calls another twice, which calls another twice, and so "
        + "on. Name the value once and use the name.",
      trigger: .situation(
        """
        fn f1(x) = x + x, fn f2(x) = f1(x) + f1(x), … thirty times
        """),
      repair: .situation(
        """
        fn f2(x) = 2 * f1(x)
        """)),
  ]
}
