import ArgumentParser
import Testing

@testable import cachectl

@Suite("A word that cachectl does not know")
struct UnknownWordTests {
    private let root: CommandInfo

    init() throws { root = try #require(CommandInfo.read(Cachectl._dumpHelp())) }

    private func complaint(_ line: String, _ text: String = "error: Missing\nUsage: cachectl x\n  See y")
        -> [String]
    {
        let arguments = line.split(separator: " ").map(String.init)
        return Cachectl.complaint(text, arguments, root).split(separator: "\n").map(String.init)
    }

    @Test(
        "in the place of a command leads to the nearest command, by its letters or by its meaning",
        arguments: [
            ("pakc --label x", "; did you mean `pack`?"), ("restor a", "; did you mean `restore`?"),
            ("PACK", "; did you mean `pack`?"), ("verfiy a", "; did you mean `verify`?"),
            ("inf", "; did you mean `info`?"), ("dif a b", "; did you mean `diff`?"),
            ("help unoin", "; did you mean `union`?"), ("intersection a", "; did you mean `intersect`?"),
            ("create -o x", "; the nearest is `pack`"), ("save", "; the nearest is `pack`"),
            ("upload x", "; the nearest is `pack`"), ("extract a", "; the nearest is `restore`"),
            ("list a", "; the nearest is `ls`"), ("merge a b", "; the nearest is `union`"),
            ("stat a", "; the nearest is `info`"), ("du a", "; the nearest is `explain`"),
            ("check a", "; the nearest is `verify`"), ("version", "; the nearest is `--version`"),
            ("frobnicate", ""), ("x", ""), ("--help-me", nil), ("--version x", nil), ("help", nil),
            ("pack x", nil),
            ("manual x", nil),
        ] as [(String, String?)]
    )
    func command(line: String, guess: String?) {
        let lines = complaint(line)
        let word = line.split(separator: " ").last { !$0.hasPrefix("help") }.map(String.init) ?? ""
        guard let guess else {
            #expect(!lines[0].contains("there is no command"))
            return
        }
        let first = line.hasPrefix("help ") ? word : String(line.prefix { $0 != " " })
        #expect(lines[0] == "error: there is no command `\(first)`\(guess)")
        #expect(lines[1].hasPrefix("hint: the commands are pack, union, difference, "))
        #expect(lines.count == 2)
    }

    @Test("names every command that help shows, and no hidden one")
    func names() {
        var shown: [String] = []
        for command in Cachectl.configuration.subcommands where command.configuration.shouldDisplay {
            shown.append(command._commandName)
        }
        let verbs = root.verbs.map { $0.commandName }
        #expect(verbs == shown)
        #expect(complaint("frobnicate")[1].contains("are \(shown.joined(separator: ", "));"))
    }

    @Test(
        "in the place of an option leads to the nearest option of the command",
        arguments: [
            ("pack --lable x -o y", "`pack` has no option `--lable`; did you mean `--label`?"),
            ("pack --ouput=x", "`pack` has no option `--ouput`; did you mean `--output`?"),
            ("restore a --frobnicate", "`restore` has no option `--frobnicate`"),
            ("info a --jbos 3", "`info` has no option `--jbos`; did you mean `--jobs`?"),
            ("verify a -x", "`verify` has no option `-x`"), ("pack -v", "`pack` has no option `-v`"),
            ("-v", "cachectl has no option `-v`; did you mean `--version`?"),
            ("--verbose", "cachectl has no option `--verbose`"),
            ("info a --jobs x", nil), ("pack --label", nil), ("info a -q -h", nil), ("pack -o x", nil),
            ("doctor a --packages d -- --x", nil),
        ] as [(String, String?)]
    )
    func option(line: String, message: String?) {
        let lines = complaint(line)
        #expect(lines[0] == "error: \(message ?? "Missing")")
        #expect(lines[1] == "Usage: cachectl x")
    }

    @Test("that is one too many is named, with its command")
    func tooMany() {
        let one = complaint("info a b", "error: Unexpected argument 'b'\nUsage: cachectl info <archive>")
        #expect(one[0] == "error: `info` takes the arguments below, and `b` is one too many")
        let two = complaint("info a b c", "error: 2 unexpected arguments: 'b', 'c'\nUsage: x")
        #expect(two[0] == "error: `info` takes the arguments below, and `b`, `c` are too many")
    }

    @Test("or any other mistake ends in an example of the command")
    func example() {
        #expect(complaint("pack").last == "  Example: cachectl pack --label aws -o aws.castore")
        #expect(complaint("--bogus").last == "  See y")
    }
}

@Suite("The distance of two words")
struct DistanceTests {
    @Test(
        "counts letters that are added, removed, replaced or exchanged",
        arguments: [
            ("", "", 0), ("abc", "", 3), ("pack", "pack", 0), ("pakc", "pack", 1), ("pac", "pack", 1),
            ("packk", "pack", 1), ("peck", "pack", 1), ("kitten", "sitting", 3), ("ca", "abc", 3),
        ]
    )
    func distance(one: String, other: String, distance: Int) {
        #expect(one.distance(to: other) == distance)
        #expect(other.distance(to: one) == distance)
    }
}
