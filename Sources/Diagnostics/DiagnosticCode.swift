/// The codes of all diagnostics, such as `R0201`, by name. A number is written here and nowhere else, and
/// stays what it is: people search for it. Each has a page in `Catalog` (`ravine explain R0201`).
package enum DiagnosticCode: Int, CaseIterable, Sendable, CustomStringConvertible {
  // Bytes and tokens.
  case notUTF8 = 101
  case strayCharacter = 102
  case openString = 103
  case unknownEscape = 104
  case malformedNumber = 105
  case foreignOperator = 106
  case singleQuotes = 107
  case strayPrime = 108
  case tooDeep = 109
  case nestedTooDeep = 110
  case sourceTooLarge = 111
  case tooManyErrors = 112
  case expressionTooLarge = 113
  case programTooLarge = 114

  // The grammar.
  case missingExpression = 120
  case missingBracket = 121
  case missingBrace = 122
  case strayBracket = 123
  case chainedComparison = 124
  case secondStatement = 125
  case missingName = 126
  case missingEquals = 127
  case incompleteChoice = 128
  case choiceInOperation = 129
  case powerOfSuperscript = 130
  case misplacedPrime = 131
  case positionalAfterNamed = 132
  case notCallable = 133
  case twoAxes = 134
  case foreignWord = 140
  case unnamedValue = 141
  case leftSideNotAName = 142
  case foreignAssignment = 143
  case missingBody = 144
  case malformedDomain = 145
  case malformedRoute = 146
  case incompleteCommand = 147
  case unknownClause = 148
  case statementOutsideBody = 149
  case inputsOutsideRule = 150
  case emptySource = 151

  // Names.
  case unknownName = 201
  case unknownFunction = 202
  case unknownRule = 203
  case unknownLabel = 204
  case missingArgument = 205
  case tooManyArguments = 206
  case duplicateDeclaration = 207
  case duplicateName = 208
  case notAValue = 209
  case unknownObjective = 210
  case recursion = 211
  case onlyInBranch = 212
  case reservedName = 213
  case notAvailable = 214

  // What scripts name.
  case notAnObjective = 215
  case givenTwice = 216
  case alreadyBound = 217
  case notARule = 218
  case notAFunction = 219
  case notAClause = 220
  case needsData = 221
  case nothingToPlot = 222
  case unrecordedSeries = 223
  case pathNotPlane = 224
  case notAPlotFile = 225
  case withoutLength = 226
  case notAWholeNumber = 227
  case moreInputsThanData = 228
  case startOfOtherSize = 229
  case brokenDeclaration = 230
  case notATarget = 231
  case taskWithoutEnd = 232
  case nothingToRun = 233
  case journalOfOther = 234
  case notAJournal = 235
  case targetBehind = 236
  case noDirection = 237
  case noBatches = 238
  case lossOfGame = 239

  // Sessions.
  case unknownCommand = 240
  case unknownValue = 241
  case commandUsage = 242
  case nothingToDo = 243
  case noHelp = 244

  // What scripts keep, and axes.
  case nothingToKeep = 250
  case severalRuns = 251
  case notAParameter = 252
  case notAParameterFile = 253
  case badAxis = 254
  case inputOfOtherWidth = 255

  // Tasks that are commands.
  case commandNotAllowed = 260
  case badCommand = 261
  case commandNotStarted = 262
  case commandFailed = 263
  case notAnAnswer = 264
  case commandSilent = 265
  case taskOfCommand = 266

  // Searches of programs.
  case noStartOfSearch = 280
  case unknownFunctionOfSearch = 281
  case baselineDiverges = 282
  case journalOfOtherSearch = 283
  case notASearchJournal = 284
  case noSuchProgram = 285
  case testTaskIsSeen = 286
  case testSetIsOpen = 287
  case testSetStaysShut = 288
  case nothingClaimed = 289
  case unknownDigest = 290
  case nothingToLeaveOut = 291
  case badFlags = 292
  case rateReplaced = 293

  // Roles and equations.
  case missingPrime = 301
  case primeOnLocal = 302
  case equationForHeader = 303
  case twoEquations = 304
  case equationForGiven = 305
  case noUpdate = 306
  case frozenState = 307
  case unusedLocal = 308
  case circularEquations = 309
  case notHere = 310
  case appliedTwice = 311
  case globalFromTensor = 312
  case noLoss = 313
  case noResult = 314
  case unknownView = 315
  case unknownStorage = 316
  case notAShape = 317
  case stateInRepeat = 318
  case primeOutsideRule = 319
  case readBeforeFirstStep = 321
  case lostLoop = 322

  // Kinds and shapes.
  case shapeMismatch = 401
  case innerLengths = 402
  case needsMatrix = 403
  case needsSquare = 404
  case needsOneNumber = 405
  case needsCondition = 406
  case needsNumber = 407
  case indexOutOfRange = 408
  case badReshape = 409
  case unknownLength = 410
  case badLength = 411
  case badRepeatCount = 412
  case unknownIndex = 414
  case listTooLong = 415
  case emptyList = 416
  case doesNotFit = 417
  case valuesAndNames = 418
  case unknownMember = 419

  // Axes, draws and applied rules.
  case unknownAxis = 420
  case notGlobal = 421
  case globalInRepeat = 422
  case tooManyAxes = 423
  case drawInRepeat = 424
  case drawArguments = 425
  case noObjectiveHere = 426
  case lengthsOfShape = 427
  case ruleInRepeat = 428
  case lossNotOneNumber = 429
  case parameterWithoutShape = 430
  case noSuchAxis = 431
  case axisLeft = 432
  case tooManyEntries = 433
  case badAxisType = 434
  case badWindow = 435
  case examplesInPairs = 436

  // Hyperparameters.
  case unusedHyper = 501
  case outsideDomain = 502
  case missingHyper = 503
  case badDomain = 504
  case unknownHyper = 505
  case hyperReadsTensor = 506
  case scheduleLeavesDomain = 507
  case fixedHyper = 508
  case needsList = 509

  // Routes.
  case noRoute = 601
  case severalRoutes = 602
  case otherwiseTwice = 603
  case undecidableRoute = 604
  case badPattern = 605
  case tooManyRoutes = 606
  case tooManyRules = 607

  // Files.
  case fileNotFound = 701
  case fileUnreadable = 702
  case isDirectory = 703
  case fileChanged = 704
  case fileTooLarge = 705
  case nothingArrived = 706
  case fileEmpty = 707

  // Tables.
  case headerOnly = 708
  case duplicateColumn = 709
  case namelessColumn = 710
  case unknownColumn = 711
  case raggedRow = 712
  case textForNumber = 713
  case missingValue = 714
  case valueNotFinite = 715
  case badQuotes = 716
  case fileNotText = 717
  case noFeatures = 718

  // Arrays.
  case notNPY = 720
  case npyVersion = 721
  case npyHeader = 722
  case elementType = 723
  case arrayLength = 724
  case tooManyValues = 725
  case notZip = 730
  case damagedZip = 731
  case zipFeature = 732
  case badDeflate = 733
  case badChecksum = 734
  case unknownArray = 735
  case arrayShapes = 736

  // Data sets.
  case notAFraction = 740
  case emptySplit = 741
  case classTarget = 742
  case scaleFactor = 743
  case scaleOverflow = 744
  case notAReader = 745
  case missingPart = 746
  case needsText = 747
  case notASeed = 748

  // Written files.
  case noDirectory = 750
  case notPermitted = 751
  case diskFull = 752
  case notAFile = 753
  case writeFailed = 754

  // Recorded runs and transcripts.
  case notJSON = 760
  case missingMember = 761
  case recordedLength = 762
  case unrecordedInput = 763
  case wouldOverwrite = 764
  case noPrompt = 765

  // Checkpoints.
  case notACheckpoint = 770
  case unlikeCheckpoint = 771
  case laterCheckpoint = 772
  case otherValues = 773
  case unfinishedRun = 774
  case nothingSaved = 775
  case unlikeParameters = 776

  // Binding.
  case unsupportedStorage = 801
  case unsupported = 802
  case matrixRuleOnVector = 803
  case notDifferentiable = 806
  case unknownPlace = 808
  case valuesDoNotFill = 809
  case noObjectivePoint = 810
  case globalCycle = 811
  case reductionInLoop = 812
  case tooMuchMemory = 813
  case takesTooLong = 814
  case axisWithoutLength = 821
  case axisWithoutEntries = 822
  case workersNeverMeet = 823
  case windowBeyondRun = 824
  case missingInput = 825
  case hostMemory = 826
  case notInitialised = 827
  case objectiveFailed = 828
  case hostCall = 829
  case openEndReached = 830
  case stepsSkipped = 831
  case stateNotFinite = 832

  // The algebra.
  case noAnswer = 840
  case unlikeUnits = 841
  case hypersActTogether = 842
  case averageUncorrected = 843
  case changeRoundedAway = 844
  case placeOfEpsilon = 845
  case stateNeverRead = 846
  case epsilonBesideQuotient = 847
  case correctsEarlierAverage = 848

  // Certificates.
  case badCertificate = 850
  case refusedStep = 851
  case noCertificate = 852

  // Rules in other languages.
  case notInTarget = 860

  // Numbers found while running.
  case singularMatrix = 901
  case notPositiveDefinite = 902
  case noConvergence = 903
  case indexOutsideAxis = 904
  case decompositionNotFinite = 905
  case recordedDraw = 906
  case endlessRepeat = 907
  case badShare = 908
  case noLibrary = 909
  case lossNotFinite = 910
  case firstNotFinite = 911
  case domainLeft = 915
  case assertionFails = 920

  package var number: Int { rawValue }

  /// Whether it is about a number found while running, and not about the program.
  package var isNumeric: Bool { 900..<1000 ~= rawValue }

  /// Whether it is about a file that is read or written.
  package var isOfFiles: Bool { 701..<780 ~= rawValue }

  package var description: String {
    let digits = String(rawValue)
    return "R" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}
