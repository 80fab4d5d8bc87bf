/// The settings of Go itself in the variable GODEBUG.
///
/// Go takes them from its own environment alone: neither `go env -w` nor the `godebug` lines of a `go.mod`
/// set them for the go command (`checkEnvWrite` in cmd/go/internal/envcmd/env.go).
struct GoDebug: Hashable, Sendable {
    /// Whether Go keeps indexes of packages in GOCACHE and asks for them (cmd/go/internal/modindex/read.go,
    /// `enabled`).
    let usesIndexes: Bool

    /// Reads a value; of several settings of one name, the last one counts.
    init(_ value: String) {
        let index = value.split(separator: ",").last { $0.hasPrefix("goindex=") }
        // A `#` begins a pattern for searches of faults (internal/godebug).
        usesIndexes = index?.prefix { $0 != "#" } != "goindex=0"
    }
}
