/// What an entry of GOCACHE is for.
///
/// Go keeps no list of its own: an entry's ID is a hash, and its content may be anything. The class is told from
/// how the content begins, and from the IDs that Go derives from that of a compiled package (`Subkey` in Go's
/// cmd/go/internal/cache/hash.go). A class that this version does not know is kept as it is.
public struct EntryClass: RawRepresentable, Hashable, Sendable {
    /// Its name: 1 to 32 lower-case letters and `-`.
    public let rawValue: String

    /// Names a class, or returns `nil` for what is no name of one.
    public init?(rawValue: String) {
        let isName = rawValue.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "-") }
        guard isName, (1...32).contains(rawValue.utf8.count) else { return nil }
        self.rawValue = rawValue
    }

    private init(_ name: String) { rawValue = name }

    /// A compiled package: nearly all bytes of a cache.
    public static let package = EntryClass("package")

    /// A compiled `main` package; a commit changes its ID if Go stamps the program with it (`-buildvcs`).
    public static let main = EntryClass("main")

    /// The files that `cgo` generates for a package.
    public static let cgo = EntryClass("cgo")

    /// The list of a package's source files, without which `go vet` runs `cgo` again.
    public static let sources = EntryClass("sources")

    /// What a compiler or linker printed.
    public static let stdout = EntryClass("stdout")

    /// The record that a compiler or linker printed nothing, which Go does not miss.
    public static let emptyStdout = EntryClass("empty-stdout")

    /// The facts that `go vet` found in a package.
    public static let vet = EntryClass("vet")

    /// The index of a directory of a module or of GOROOT.
    public static let index = EntryClass("index")

    /// A linked program, of `go run` or `go tool` (Go 1.24).
    public static let executable = EntryClass("executable")

    /// The log or the result of a test.
    public static let test = EntryClass("test")

    /// What measures coverage: a profile, or generated sources.
    public static let coverage = EntryClass("coverage")

    /// What Go found out about the C compiler.
    public static let compiler = EntryClass("compiler")

    /// An empty output of something else, most often of `go vet`.
    public static let empty = EntryClass("empty")

    /// Everything else.
    public static let other = EntryClass("other")

    /// The classes that this version tells apart, in the order in which they are listed.
    public static let all: [EntryClass] = [
        .package, .main, .cgo, .sources, .stdout, .emptyStdout, .vet, .index, .executable, .test, .coverage,
        .compiler, .empty, .other,
    ]

    /// Orders classes as ``all`` does, and after them by name those that this version does not know.
    public static func ordered(_ classes: some Collection<EntryClass>) -> [EntryClass] {
        let present = Set(classes)
        return all.filter(present.contains)
            + present.subtracting(all).sorted { $0.rawValue.precedes($1.rawValue) }
    }

    /// What a pack leaves out unless it is asked to keep it: what no later `go build`, `go run`, `go vet` or
    /// `go test` misses, or should hit.
    ///
    /// - ``emptyStdout``: about a fifth of all files; Go compiles nothing for want of one.
    /// - ``test``, ``coverage``: keyed by the times of the checkout's files. A hit would say `(cached)` of a test
    ///   that never ran there.
    /// - ``compiler``: asked only by what is compiled; Go makes part of them again at each build.
    public static let droppedByDefault: Set<EntryClass> = [.emptyStdout, .test, .coverage, .compiler]
}
