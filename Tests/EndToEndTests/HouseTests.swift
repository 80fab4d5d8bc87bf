import Foundation
import Testing

/// The checks of the style step, run on copies of the sources with one fault each.
@Suite("The checks of the house")
struct HouseTests {
    /// A fault, planted at the end of a file, and the complaint that the check must print about the fault.
    struct Fault: Sendable, CustomTestStringConvertible {
        var name: String
        var file: String
        var text: String
        var complaint: String

        /// Code for the end of a file on an upper floor.
        var declaration = ""

        var testDescription: String { name }
    }

    private static let faults = [
        Fault(
            name: "a folder that uses one above it",
            file: "Sources/CacheStore/Model/Source.swift",
            text: "\nprivate let above: Restore.Options? = nil\n",
            complaint: "Model/Source.swift: uses Restore of Operations/Restore, above it"
        ),
        Fault(
            name: "an operation that uses another one without leave",
            file: "Sources/CacheStore/Operations/Restore/Restore.swift",
            text: "\nprivate let beside: Verify.Options? = nil\n",
            complaint: "Restore.swift: uses Verify of Operations/Verify"
        ),
        Fault(
            name: "a function of a folder above",
            file: "Sources/CacheStore/Model/Source.swift",
            text: "\nprivate let above: Void = aboveAll()\n",
            complaint: "Model/Source.swift: uses aboveAll of Operations/Restore, above it",
            declaration: "\nnonisolated func aboveAll() {}\n"
        ),
        Fault(
            name: "an initializer that a folder above adds to a type",
            file: "Sources/CacheStore/Model/Source.swift",
            text: "\nprivate let above = GoCaches(above: 1)\n",
            complaint: "Model/Source.swift: uses GoCaches(above:) of Operations/Restore, above it",
            declaration: "\nextension GoCaches {\n    init(above: Int) { self.init() }\n}\n"
        ),
        Fault(
            name: "a folder that the map does not have",
            file: "Sources/CacheStore/Cellar/Wine.swift",
            text: "struct Wine {}\n",
            complaint: "Sources/CacheStore/Cellar: the map in Tests/floors.py has no such folder"
        ),
        Fault(
            name: "a file that is too long",
            file: "Sources/cachectl/Cachectl.swift",
            text: String(repeating: "// one more\n", count: 400),
            complaint: "lines, more than 400"
        ),
        Fault(
            name: "a line that is too wide",
            file: "Sources/cachectl/Cachectl.swift",
            text: "// " + String(repeating: "wide ", count: 30) + "\n",
            complaint: "columns, more than 110"
        ),
        Fault(
            name: "a message of the library that names an option",
            file: "Sources/CacheStore/Remedy.swift",
            text: "\nprivate let advice = \"overwrite it with --force\"\n",
            complaint: "the message \"overwrite it with --force\" speaks of cachectl"
        ),
        Fault(
            name: "a page that names a file that is not there",
            file: "Sources/CacheStore/CacheStore.docc/Design.md",
            text: "\nOpen `Model/Nowhere.swift`.\n",
            complaint: "there is no file Model/Nowhere.swift"
        ),
    ]

    private static let deadLinks = [
        Fault(
            name: "to a file that is not there",
            file: "README.md",
            text: "\n[a page](Sources/Nowhere.md)\n",
            complaint: "Sources/Nowhere.md leads nowhere: there is no such file"
        ),
        Fault(
            name: "to a file whose name has another case",
            file: ".github/CONTRIBUTING.md",
            text: "\n[the licence](../licence)\n",
            complaint: "../licence leads nowhere: there is no such file"
        ),
        Fault(
            name: "to a place outside of the repository",
            file: "README.md",
            text: "\n[the machine](../../../etc)\n",
            complaint: "../../../etc leads nowhere: there is no such file"
        ),
        Fault(
            name: "to a heading that is not there",
            file: "README.md",
            text: "\n[figures](Benchmarks/README.md#figures-of-tomorrow)\n",
            complaint: "Benchmarks/README.md has no such heading"
        ),
        Fault(
            name: "to a page that the documentation does not have",
            file: "Sources/CacheStore/CacheStore.docc/Design.md",
            text: "\nSee <doc:Nowhere>.\n",
            complaint: "doc:Nowhere leads nowhere: there is no such page"
        ),
        Fault(
            name: "to a file on GitHub that the repository does not have",
            file: ".github/SECURITY.md",
            text: "\n[here](https://github.com/OWNER/cachectl/blob/main/Nowhere.md)\n",
            complaint: "Nowhere.md leads nowhere: there is no such file"
        ),
    ]

    private static let troubles = "Sources/CacheStore/CacheStore.docc/Troubleshooting.md"

    private static let wrongRows = [
        Fault(
            name: "a code without a row",
            file: "Sources/CacheStore/Warning.swift",
            text: "\nextension Warning.Code {\n    static let new = Code(rawValue: \"unheardOf\")\n}\n",
            complaint: "\"Warnings\": no row for `unheardOf` of Warning.Code"
        ),
        Fault(
            name: "a row without a code",
            file: troubles,
            text: "| `unheardOf` | a meaning | a consequence | a remedy |\n",
            complaint: "`unheardOf` is no code of Seal.Report.Fault.Kind"
        ),
        Fault(
            name: "a row without a remedy",
            file: troubles,
            text: "| `foreign` | a meaning | a consequence | |\n",
            complaint: "the row of `foreign` has an empty cell"
        ),
    ]

    /// Copies all that the checks read.
    private func copy() throws -> String {
        let copy = try Scratch.shared.directory("house")
        for directory in ["Tests", "Benchmarks"] {
            try FileManager.default.createDirectory(
                atPath: "\(copy)/\(directory)",
                withIntermediateDirectories: false
            )
        }
        for path in [
            "Sources", "README.md", "LICENSE", "Dockerfile.merged", ".github", "Benchmarks/README.md",
            "Benchmarks/scale.svg", "Tests/floors.py", "Tests/examples.py", "Tests/links.py",
            "Tests/codes.py", "Tests/ClientTests",
        ] {
            try FileManager.default.copyItem(
                atPath: "\(Tools.repository)/\(path)",
                toPath: "\(copy)/\(path)"
            )
        }
        return copy
    }

    private func run(_ check: String, in copy: String) async throws -> Program.Outcome {
        let environment = ["PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"]
        return try await Program(path: Tools.python(), environment: environment, directory: copy)
            .run(["\(copy)/Tests/\(check)"])
    }

    private func append(_ text: String, to file: String) throws {
        let directory = URL(fileURLWithPath: file).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let old = FileManager.default.contents(atPath: file) ?? Data()
        try (old + Data(text.utf8)).write(to: URL(fileURLWithPath: file))
    }

    /// Expects a check to accept the sources, and to find a fault that is planted in them.
    private func expect(_ check: String, toFind fault: Fault) async throws {
        let copy = try copy()
        let before = try await run(check, in: copy)
        #expect(before.status == 0, "\(before)")
        try append(fault.text, to: "\(copy)/\(fault.file)")
        try append(fault.declaration, to: "\(copy)/Sources/CacheStore/Operations/Restore/Restore.swift")
        let outcome = try await run(check, in: copy)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains(fault.complaint), "\(outcome)")
    }

    @Test("find a fault in the dependencies of folders, in sizes, words and pages", arguments: faults)
    func floors(_ fault: Fault) async throws { try await expect("floors.py", toFind: fault) }

    @Test("find a link in a page", arguments: deadLinks)
    func links(_ fault: Fault) async throws { try await expect("links.py", toFind: fault) }

    @Test("find, in the table of troubles,", arguments: wrongRows)
    func codes(_ fault: Fault) async throws { try await expect("codes.py", toFind: fault) }

    @Test("find code in a page that no test compiles, and an example that no page shows")
    func examples() async throws {
        let copy = try copy()
        #expect(try await run("examples.py", in: copy).status == 0)
        try append("\n```swift\nlet untested = 1\n```\n", to: "\(copy)/README.md")
        try append(
            "\n// example: a new one\nlet unseen = 1\n// end of example\n",
            to: "\(copy)/Tests/ClientTests/Examples.swift"
        )
        let outcome = try await run("examples.py", in: copy)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("README.md:"), "\(outcome)")
        #expect(outcome.errors.contains("no page shows the example \"a new one\""), "\(outcome)")
    }
}
