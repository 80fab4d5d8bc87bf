import ArgumentParser
import Testing

@testable import cachectl

@Suite("A page of the manual")
struct ManualPageTests {
    private let root: CommandInfo

    init() throws { root = try #require(CommandInfo.read(Cachectl._dumpHelp())) }

    private func page(_ name: String?) throws -> [String] {
        let command = try name.map { name in try #require(root.verbs.first { $0.commandName == name }) }
        return ManualPage(command: command ?? root, root: root, date: "2026-11-28", version: "1.2.3").lines
    }

    @Test(
        "has the name, every option and an example of its command, and only known requests of roff"
    )
    func commands() throws {
        for command in root.verbs {
            let lines = try page(command.commandName)
            #expect(
                lines[0]
                    == ".TH CACHECTL\\-\(command.commandName.uppercased()) 1 2026-11-28 \"cachectl 1.2.3\""
            )
            #expect(lines[2].hasPrefix("cachectl\\-\(command.commandName) \\- "))
            let text = lines.joined(separator: "\n").replacing(#"\-"#, with: "-")
            for name in (command.arguments ?? []).flatMap({ $0.names ?? [] }) {
                #expect(text.contains("\\fB\(name.text)\\fR"), "\(command.commandName) \(name.text)")
            }
            let example = try #require(command.example, "\(command.commandName)")
            #expect(text.contains("\n.EX\n  \(example.replacing("'", with: #"\(aq"#))"), "\(example)")
            let requests = lines.filter { $0.hasPrefix(".") || $0.hasPrefix("'") }.map { $0.prefix(3) }
            #expect(Set(requests).isSubset(of: [".TH", ".SH", ".TP", ".PP", ".EX", ".EE", ".BR"]))
            #expect(lines.allSatisfy { $0.utf8.allSatisfy { $0 < 0x7F } && !$0.contains("`") })
        }
    }

    @Test("of cachectl itself lists all commands and the exit statuses")
    func top() throws {
        let lines = try page(nil)
        #expect(lines.contains(".SH EXIT STATUS") && lines.contains(".SH COMMANDS"))
        for command in root.verbs { #expect(lines.contains("\\fB\(command.commandName)\\fR")) }
        #expect(lines.contains { $0.hasPrefix("  129, 130, 143") })
    }

    @Test(
        "prints text as it is",
        arguments: [
            (".TH x", #"\&.TH x"#), ("'x", #"\(aqx"#), (#"a\b"#, #"a\(rsb"#), ("a-b ~ ^", #"a\-b \(ti \(ha"#),
            ("“é” …", #"\[u201C]\[u00E9]\[u201D] \[u2026]"#), ("use `-x` now", #"use \fB\-x\fR now"#),
            ("one ` only", #"one \(ga only"#),
        ]
    )
    func text(text: String, roff: String) {
        #expect(ManualPage.text(text) == roff)
    }
}
