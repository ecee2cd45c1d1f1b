// One import gives an embedder the compiler, the optimizer and the diagnostics they throw.
@_exported import Diagnostics
@_exported import Driver
@_exported import IR
@_exported import Native
@_exported import Runtime
@_exported import Training
