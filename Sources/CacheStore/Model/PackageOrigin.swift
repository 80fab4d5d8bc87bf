/// A toolchain and a target, with the number of packages that they compiled.
///
/// Each compiled package states its origin in its first lines, for example
/// `go object linux amd64 go1.25.5 GOAMD64=v1 X:regabiwrappers,regabiargs` (Go's cmd/internal/objabi/head.go,
/// `HeaderString`). The statement is a fact, whereas `go env` only tells what would build at the time of the
/// question.
public struct PackageOrigin: Hashable, Sendable {
    /// The version of Go, for example `go1.25.5`.
    public var version: String

    /// The operating system of the target (`GOOS`).
    public var system: String

    /// The architecture of the target (`GOARCH`).
    public var architecture: String

    /// The level of the architecture as Go writes it, for example `GOAMD64=v1`; empty if Go states none.
    public var level: String

    /// The names of the experiments that were on, including those that are on by default, in Go's order.
    public var experiments: [String]

    /// The number of compiled packages.
    public var packages: Int

    /// The target in one word, for example `linux/amd64`.
    public var target: String { "\(system)/\(architecture)" }

    /// Creates an origin from the line of a compiled package, without its line feed.
    ///
    /// The result is `nil` if the line is not in the form of Go 1.21 to 1.27.
    init?(header: String, packages: Int = 1) {
        // A version of a development tree has blanks: `devel go1.26-0123abcd Mon Jan …`.
        guard header.hasPrefix("go object "), let mark = header.range(ofLast: " X:") else { return nil }
        var words = header[..<mark.lowerBound].split(separator: " ").dropFirst(2).map(String.init)
        guard words.count >= 3 else { return nil }
        (system, architecture) = (words.removeFirst(), words.removeFirst())
        level = words.count > 1 && words[words.count - 1].contains("=") ? words.removeLast() : ""
        version = words.joined(separator: " ")
        experiments = header[mark.upperBound...].split(separator: ",").map(String.init)
        self.packages = packages
    }

    /// The line of a compiled package with this origin.
    var header: String {
        let words = ["go", "object", system, architecture, version] + (level.isEmpty ? [] : [level])
        return words.joined(separator: " ") + " X:" + experiments.joined(separator: ",")
    }
}

extension GoEnvironment {
    /// The name under which the origins of the packages of a pack are recorded.
    static let packageOrigins = "PACKAGE_ORIGINS"

    /// The toolchains and targets that compiled the packages of the pack, the most frequent first.
    ///
    /// The list is empty for a pack without packages, and for a pack of a version that did not record them.
    public internal(set) var origins: [PackageOrigin] {
        get {
            // A carriage return before the line feed would make one character of both.
            self[Self.packageOrigins].unicodeScalars.split(separator: "\n").compactMap { line in
                let parts = Substring(line).split(separator: " ", maxSplits: 1)
                // So the sum of all counts in an archive stays below 2⁶³.
                guard parts.count == 2, let count = Int(parts[0]), (1...1 << 30).contains(count) else {
                    return nil
                }
                return PackageOrigin(header: String(parts[1]), packages: count)
            }
        }
        set {
            let sorted = newValue.sorted {
                $0.packages == $1.packages ? $0.header.precedes($1.header) : $0.packages > $1.packages
            }
            let lines = sorted.map { "\($0.packages) \($0.header)" }
            variables[Self.packageOrigins] = lines.joined(separator: "\n")
        }
    }

    /// The origin that a package states if it is compiled in this environment, if Go was asked for it.
    var origin: PackageOrigin? {
        get { PackageOrigin(header: self["PACKAGE_ORIGIN"]) }
        set { variables["PACKAGE_ORIGIN"] = newValue?.header }
    }
}

extension String {
    /// Returns the last range that holds a text, or `nil` if there is none.
    fileprivate func range(ofLast text: String) -> Range<Index>? {
        var end = endIndex
        while end >= index(startIndex, offsetBy: text.count, limitedBy: endIndex) ?? end {
            let start = index(end, offsetBy: -text.count)
            if self[start..<end] == text { return start..<end }
            if start == startIndex { return nil }
            end = index(before: end)
        }
        return nil
    }
}
