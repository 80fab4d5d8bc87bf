/// The purpose of an entry of GOCACHE.
///
/// Go keeps no list of purposes: an entry's ID is a hash, and its content may be anything. The class follows
/// from the beginning of the content, and from the IDs that Go derives from the ID of a compiled package
/// (`Subkey` in Go's cmd/go/internal/cache/hash.go). A class that this version does not know is kept as it
/// is.
public struct EntryClass: RawRepresentable, Hashable, Sendable {
    /// The name of the class: 1 to 32 lower-case letters and `-`.
    public let rawValue: String

    /// Creates a class, or returns `nil` if `rawValue` can't be the name of a class.
    public init?(rawValue: String) {
        let isName = rawValue.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == UInt8(ascii: "-") }
        guard isName, (1...32).contains(rawValue.utf8.count) else { return nil }
        self.rawValue = rawValue
    }

    private init(_ name: String) { rawValue = name }

    /// A compiled package; compiled packages make up nearly all bytes of a cache.
    public static let package = EntryClass("package")

    /// A compiled `main` package.
    ///
    /// A commit changes the ID of the package if Go stamps the program with the commit (`-buildvcs`).
    public static let main = EntryClass("main")

    /// The files that `cgo` generates for a package.
    public static let cgo = EntryClass("cgo")

    /// The list of a package's source files, without which `go vet` runs `cgo` again.
    public static let sources = EntryClass("sources")

    /// The text that a compiler or linker printed.
    public static let stdout = EntryClass("stdout")

    /// The record that a compiler or linker printed nothing; Go does not miss it.
    public static let emptyStdout = EntryClass("empty-stdout")

    /// The facts that `go vet` found in a package.
    public static let vet = EntryClass("vet")

    /// The index of a directory of a module or of GOROOT.
    public static let index = EntryClass("index")

    /// A linked program, of `go run` or `go tool` (Go 1.24).
    public static let executable = EntryClass("executable")

    /// The log or the result of a test.
    public static let test = EntryClass("test")

    /// A file that serves to measure coverage: a profile, or generated sources.
    public static let coverage = EntryClass("coverage")

    /// The facts that Go found out about the C compiler.
    public static let compiler = EntryClass("compiler")

    /// An empty output of something else, most often of `go vet`.
    public static let empty = EntryClass("empty")

    /// An entry that belongs to no other class.
    public static let other = EntryClass("other")

    /// The classes that this version tells apart, in the order in which listings show them.
    public static let all: [EntryClass] = [
        .package, .main, .cgo, .sources, .stdout, .emptyStdout, .vet, .index, .executable, .test, .coverage,
        .compiler, .empty, .other,
    ]

    /// Returns classes in the order of ``all``, followed by the classes that this version does not know,
    /// ordered by name.
    public static func ordered(_ classes: some Collection<EntryClass>) -> [EntryClass] {
        let present = Set(classes)
        return all.filter(present.contains)
            + present.subtracting(all).sorted { $0.rawValue.precedes($1.rawValue) }
    }

    /// The classes that a pack leaves out unless it is asked to keep them.
    ///
    /// No later `go build`, `go run`, `go vet` or `go test` misses such entries, or should hit them.
    ///
    /// - ``emptyStdout``: These are about a fifth of all files. Go compiles nothing because one is missing.
    /// - ``test``, ``coverage``: The keys contain the times of the checkout's files. A hit would report
    ///   `(cached)` for a test that never ran there.
    /// - ``compiler``: Only a compilation asks for these entries. Go makes part of them again in each build.
    public static let droppedByDefault: Set<EntryClass> = [.emptyStdout, .test, .coverage, .compiler]
}
