extension Catalog {
  /// R010x, R011x: bytes, tokens and limits.
  static let tokenPages: [CatalogPage] = [
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
