import FoundationEssentials
import SystemPackage

@testable import CacheStore

/// The requests of a go command to a cache program, which has a small archive and an empty GOCACHE.
///
/// The input is all that the go command writes. Each request is answered once, with the truth, and
/// GOCACHE holds only entries that are right.
struct ProgramTarget: FuzzTarget {
    private let scratch: Scratch
    private let archive: [UInt8]

    /// The actions that the program serves: those of the archive, which `Tests/fuzz/seeds.py` has made, but
    /// for that of a linked program.
    private static let served = Set(["1", "3", "5"].map { digest(Array($0.utf8)) })

    /// The length from which on a line may be longer than any request, in bytes.
    private static let longestModel = 60_000

    /// The fields of all kinds of answer.
    private struct Answer: Decodable {
        var ID: Int
        var KnownCommands: [String]?
        var Err: String?
        var Miss: Bool?
        var OutputID: Data?
        var Size: Int?
        var Time: String?
        var DiskPath: String?
    }

    init() throws {
        scratch = try Scratch()
        archive = try ArchiveParts(base: "two").sealed
    }

    func run(_ bytes: [UInt8]) {
        scratch.clear()
        let error = serve(bytes, jobs: bytes.count.isMultiple(of: 2) ? 1 : 4)
        if let error { expectFaultOfData(error, "the program", or: [.badRequest]) }
        let answers = readAnswers()
        let talk = Talk(bytes)
        if bytes.count < Self.longestModel {
            expect(
                talk.isSound == (error == nil),
                "the talk is \(talk.isSound ? "sound" : "bad"): \(error as Any)"
            )
        }
        check(answers, talk, isWhole: error == nil && bytes.count < Self.longestModel)
        checkBuildCache()
    }

    /// Serves the input, and returns the error with which the program ended.
    private func serve(_ bytes: [UInt8], jobs: Int) -> (any Error)? {
        let requests = scratch.write(bytes, to: "requests")
        let answers = scratch.write([], to: "answers")
        var options = CacheProgram.Options()
        options.archives = [scratch.write(archive, to: "archive")]
        options.scratchParent = scratch.root
        options.jobs = jobs
        options.warn = { fail("a sound archive and an empty GOCACHE give a warning: \($0)") }
        let program = CacheProgram(buildCache: scratch.root.appending("cache"), options: options)
        do {
            let input = try FileDescriptor.open(requests, .readOnly)
            let output = try FileDescriptor.open(answers, .writeOnly)
            defer {
                try? input.close()
                try? output.close()
            }
            do {
                _ = try blocking { try await program.serve(input, answering: output) }
                return nil
            } catch {
                return error
            }
        } catch {
            fail("the files of the program can't be opened: \(error)")
        }
    }

    // MARK: - Answers

    private func readAnswers() -> [Answer] {
        let bytes = content(of: scratch.root.appending("answers"))
        expect(bytes.last == 0x0A, "the last answer has no end")
        return bytes.split(separator: 0x0A).map { line in
            do {
                return try JSONDecoder().decode(Answer.self, from: Data(line))
            } catch {
                fail("an answer is no JSON: \(String(decoding: line, as: UTF8.self)): \(error)")
            }
        }
    }

    /// Checks that each request has its answer.
    ///
    /// - Parameters:
    ///   - answers: All answers.
    ///   - talk: The requests.
    ///   - isWhole: Whether all requests must have an answer.
    private func check(_ answers: [Answer], _ talk: Talk, isWhole: Bool) {
        expect(answers.first?.KnownCommands == ["get", "put", "close"], "the first answer is another one")
        expect(answers.first?.ID == 0, "the first answer has a number")
        var open: [Int: Int] = [:]
        for request in talk.requests { open[request.id, default: 0] += 1 }
        let asked = open
        for answer in answers.dropFirst() {
            expect(open[answer.ID, default: 0] > 0, "there is an answer to nothing: \(answer)")
            open[answer.ID, default: 0] -= 1
            expect(answer.KnownCommands == nil, "commands are named again")
            checkFile(answer)
        }
        guard isWhole else { return }
        expect(open.values.allSatisfy { $0 == 0 }, "there is no answer to \(open.filter { $0.value > 0 })")
        for request in talk.requests where asked[request.id] == 1 {
            guard let answer = answers.dropFirst().first(where: { $0.ID == request.id }) else { continue }
            check(answer, request)
        }
    }

    /// Checks the kind of an answer.
    private func check(_ answer: Answer, _ request: ProgramRequest) {
        switch request.command {
        case .get(let action):
            expect(answer.Err == nil, "a get fails: \(answer)")
            expect((answer.Miss == true) == (answer.DiskPath == nil), "neither a hit nor a miss: \(answer)")
            expect((answer.OutputID == nil) == (answer.DiskPath == nil), "half a hit: \(answer)")
            if Self.served.contains(action) { expect(answer.DiskPath != nil, "\(action) is missed") }
        case .put:
            expect((answer.Err == nil) == (answer.DiskPath != nil), "neither kept nor refused: \(answer)")
        case .close:
            expect(answer.Err == nil && answer.DiskPath == nil && answer.Miss == nil, "close: \(answer)")
        case .unknown: expect(answer.Err != nil, "an unknown request is answered: \(answer)")
        }
    }

    /// Checks the file that an answer names; it must stay in GOCACHE, because GOCACHE takes all.
    private func checkFile(_ answer: Answer) {
        guard let text = answer.DiskPath else { return }
        let path = FilePath(text)
        expect(path.starts(with: scratch.root.appending("cache")), "a file is not below GOCACHE: \(path)")
        let bytes = content(of: path)
        let id = digest(bytes)
        expect(path.lastComponent?.string == "\(id)-d", "\(path) does not have its content")
        if let size = answer.Size { expect(size == bytes.count, "\(path) has another size") }
        if let output = answer.OutputID { expect(Array(output) == id.bytes, "\(path) has another SHA-256") }
    }

    // MARK: - GOCACHE

    /// Checks that GOCACHE holds only entries that are right, and that nothing is left beside it.
    private func checkBuildCache() {
        let names = scratch.names()
        expect(names == ["answers", "archive", "cache", "requests"], "there is something else: \(names)")
        for name in scratch.names(in: "cache") where name != CheckedArchives.name {
            expect(name.utf8.count == 2, "`\(name)` is left in GOCACHE")
            for inner in scratch.names(in: "cache/\(name)") { checkFile(of: name, inner) }
        }
    }

    private func checkFile(of directory: String, _ name: String) {
        expect(name.hasPrefix(directory), "\(name) lies in another directory")
        let bytes = content(of: scratch.root.appending("cache").appending(directory).appending(name))
        let digits = Array(name.utf8.prefix(64))
        guard let id = ObjectID(hexadecimal: digits.span) else { fail("\(name) is no name of Go") }
        if name == "\(id)-d" { return expect(digest(bytes) == id, "\(name) has another content") }
        expect(name == "\(id)-a", "\(name) is no name of Go")
        guard let entry = ActionEntry(bytes.span, named: id) else { fail("\(name) is no entry") }
        let output = scratch.root.appending("cache/\(BuildCacheLayout.name(ofOutput: entry.output))")
        expect(content(of: output).count == entry.size, "\(name) states another size")
    }

    private func content(of path: FilePath) -> [UInt8] {
        do {
            let file = try File(reading: path)
            return try file.bytes(count: file.status().size)
        } catch {
            fail("\(path) can't be read: \(error)")
        }
    }
}

/// The requests that the input of a cache program holds, read in the simplest way.
private struct Talk {
    /// The requests to which there must be an answer.
    var requests: [ProgramRequest] = []

    /// Whether all that is read is what a go command may write, even if it is cut off.
    var isSound = true

    init(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while let end = rest.firstIndex(of: 0x0A) {
            let line = rest[..<end]
            rest = rest[(end + 1)...]
            if line.allSatisfy(Self.isBlank) { continue }
            guard let request = try? ProgramRequest(line) else {
                isSound = false
                return
            }
            if case .put(_, _, let size) = request.command, size > 0 {
                switch Self.body(of: size, in: &rest) {
                case .whole: break
                case .cutOff: return
                case .bad:
                    isSound = false
                    return
                }
            }
            requests.append(request)
            if case .close = request.command { return }
        }
    }

    private enum Body { case whole, cutOff, bad }

    /// Takes the body of a put.
    private static func body(of size: Int, in rest: inout ArraySlice<UInt8>) -> Body {
        rest = rest.drop(while: isBlank)
        guard let first = rest.popFirst() else { return .cutOff }
        guard first == UInt8(ascii: "\"") else { return .bad }
        let text = Data(rest.prefix { $0 != UInt8(ascii: "\"") })
        let isWhole = text.count < rest.count
        // Of a body that is cut off, all groups of four characters are read.
        guard let content = Data(base64Encoded: isWhole ? text : text.prefix(text.count & ~3)) else {
            return .bad
        }
        guard isWhole else { return content.count > size ? .bad : .cutOff }
        rest = rest.dropFirst(text.count + 1)
        return content.count == size ? .whole : .bad
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
