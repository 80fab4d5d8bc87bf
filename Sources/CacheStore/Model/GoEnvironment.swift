/// The settings of a Go job that decide whether its cache entries hit elsewhere.
///
/// Names and values are those of `go env`, with four exceptions. `CC_VERSION` is the C compiler's own
/// version line, and `OS_RELEASE` is the distribution's name; both are present only where cgo is enabled.
/// `GOMODCACHE` is the directory that was packed, unless compiled packages state another.
/// `PACKAGE_ORIGINS` counts the packed packages by toolchain and target: see ``origins``.
/// <doc:AboutGoCaches> lists the effect of each setting.
public struct GoEnvironment: Hashable, Sendable {
    /// The values by name; a setting that is empty or unknown is absent.
    public var variables: [String: String] {
        didSet { variables = variables.filter { !$0.value.isEmpty } }
    }

    /// Creates an environment from its values.
    public init(variables: [String: String] = [:]) {
        self.variables = variables.filter { !$0.value.isEmpty }
    }

    /// The value of the setting `name`, or the empty string.
    public subscript(name: String) -> String { variables[name] ?? "" }

    /// The names of `go env` that are recorded (Go's cmd/go/internal/work/exec.go, `buildActionID`).
    public static let recordedNames = [
        "CC", "CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_ENABLED", "CGO_FFLAGS", "CGO_LDFLAGS", "CXX",
        "FC", "GO386", "GOAMD64", "GOARCH", "GOARM", "GOARM64", "GOEXPERIMENT", "GOFIPS140", "GOFLAGS",
        "GOMIPS", "GOMIPS64", "GOMODCACHE", "GOOS", "GOPPC64", "GORISCV64", "GOROOT", "GOVERSION", "GOWASM",
    ]
    /// The name under which the distribution is recorded: `PRETTY_NAME` of `os-release(5)`.
    static let distribution = "OS_RELEASE"
}
