extension Catalog {
  /// R06xx: routes.
  static let routePages: [CatalogPage] = [
    CatalogPage(
      .noRoute, "A parameter that no route takes",
      "The lines of a route must cover every parameter tensor. Add `otherwise -> …`.",
      trigger: .command(
        "ravine describe r.opt:Mixed --parameters w:64x32,b:32",
        files: [
          (
            "r.opt",
            """
            rule Mixed = route {
                rank == 2 -> Muon
            }
            """
          )
        ]),
      repair: .command(
        "ravine describe r.opt:Mixed --parameters w:64x32,b:32",
        files: [
          (
            "r.opt",
            """
            rule Mixed = route {
                rank == 2 -> Muon
                otherwise -> AdamW
            }
            """
          )
        ])),
    CatalogPage(
      .severalRoutes, "A parameter that several routes take",
      "Exactly one line of a route takes each tensor; their order has no meaning. Make the "
        + "conditions exclude each other, or use `otherwise`.",
      trigger: .command(
        "ravine describe r.opt:Mixed --parameters w:64x32",
        files: [
          (
            "r.opt",
            """
            rule Mixed = route {
                rank == 2 -> Muon
                numel > 100 -> Lion
                otherwise -> AdamW
            }
            """
          )
        ]),
      repair: .command(
        "ravine describe r.opt:Mixed --parameters w:64x32",
        files: [
          (
            "r.opt",
            """
            rule Mixed = route {
                rank == 2 -> Muon
                rank != 2 and numel > 100 -> Lion
                otherwise -> AdamW
            }
            """
          )
        ])),
    CatalogPage(
      .otherwiseTwice, "`otherwise` twice",
      #"`otherwise` means "none of the other lines", so there is one."#,
      trigger: .program(
        """
        rule Mixed = route {
            rank == 2 -> Muon
            otherwise -> AdamW
            otherwise -> Lion
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
      .undecidableRoute, "A condition that no route can decide",
      "Routes are decided when the rule is bound, by what the tensor is: `rank`, `rows`, "
        + "`cols`, `numel` and its `name`. What depends on the step or on values is a `when` "
        + "inside a rule.",
      trigger: .program(
        """
        rule Mixed = route {
            t > 100   -> Muon
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
      .badPattern, "A pattern that is not well formed",
      "A pattern for names has letters, `.`, classes such as `[a-z]`, groups, alternatives "
        + "`|`, `*`, `+`, `?`, `^` and `$`.",
      trigger: .command(
        "ravine describe r.opt:Mixed --parameters w:64x32",
        files: [
          (
            "r.opt",
            """
            rule Mixed = route {
                name =~ "embed(" -> AdamW
                otherwise        -> Lion
            }
            """
          )
        ]),
      repair: .command(
        "ravine describe r.opt:Mixed --parameters w:64x32",
        files: [
          (
            "r.opt",
            """
            rule Mixed = route {
                name =~ "embed" -> AdamW
                otherwise       -> Lion
            }
            """
          )
        ])),
    CatalogPage(
      .tooManyRoutes, "Too many ways through the routes",
      "Routes inside routes multiply; more than 256 ways are refused.",
      trigger: .situation(
        """
        nine rules of two routes each inside one rule
        """),
      repair: .situation(
        """
        one route with as many lines as there are kinds of parameters
        """)),
    CatalogPage(
      .tooManyRules, "A rule made of too many rules",
      "Rules inside rules multiply, and this one is made of more than 2,000. Say the same "
        + "with fewer.",
      trigger: .situation(
        """
        rule R1(a: rule, b: rule) applied to itself, eleven times over
        """),
      repair: .situation(
        """
        the rules that are meant, named once
        """)),
  ]
}
