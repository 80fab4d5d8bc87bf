import SystemPackage
import Testing

@testable import CacheStore

@Suite("A temporary name")
struct TemporaryNameTests {
    private let bench: Workbench
    private let root: FilePath

    init() throws {
        bench = try Workbench()
        root = bench.path("out")
        try Files.makeDirectory(root)
    }

    /// Writes and publishes a file.
    private func write(_ name: String) throws {
        let file = try TemporaryFile(for: root.appending(name), overwrite: true)
        try file.file.write(Array("new".utf8).span, at: 0)
        try file.publish(overwrite: true)
    }

    @Test("is lost to nobody who looks for abandoned ones meanwhile", .timeLimit(.minutes(5)))
    func busyDirectory() async throws {
        let root = root
        try await WorkerThreads.forEach(below: 600, threads: 6, state: { () }) { _, index, _ in
            // Each of these looks for what is abandoned before it makes something of its own.
            if index % 2 == 0 {
                let layout = try LayoutDirectory(for: root.appending("image \(index)"), overwrite: false)
                layout.discard()
            } else {
                let file = try TemporaryFile(for: root.appending("file \(index)"), overwrite: false)
                try file.publish(overwrite: false)
            }
        }
        let names = try Directory(opening: root).names().valid
        #expect(names.count == 300 && names.allSatisfy { $0.hasPrefix("file ") })
    }

    @Test("of a process that was killed is removed by the next output in the directory, and nothing else is")
    func abandoned() throws {
        for name in ["a", "b"] {
            try Files.write([1], to: root.appending(TemporaryName(for: name).text))
            try Files.write([1], to: root.appending("\(TemporaryName(for: name).text)/blobs/x"))
        }
        let others = [
            ".castore-README.tmp", ".castore-1-2-3.tmp", ".castore-1-2", "castore-1-2.tmp", ".castore--.tmp",
        ]
        for name in others { try Files.write([1], to: root.appending(name)) }
        let living = try TemporaryFile(for: root.appending("c"), overwrite: true)
        try write("a")
        let left = try Directory(opening: root).names().valid
        #expect(left.count == others.count + 2 && Set(left).isSuperset(of: others + ["a"]))
        try living.publish(overwrite: true)
        #expect(try Directory(opening: root).names().valid.sorted() == (others + ["a", "c"]).sorted())
    }

    @Test("of a process that lives stays")
    func living() throws {
        let path = root.appending("a")
        let first = try TemporaryFile(for: path, overwrite: true)
        try write("a")
        try first.file.write(Array("first".utf8).span, at: 0)
        try first.publish(overwrite: true)
        #expect(try Files.bytes(path) == Array("first".utf8))
        #expect(try Directory(opening: root).names().valid == ["a"])
    }

    @Test("fits where the final name is as long as the system allows")
    func long() throws {
        let name = String(repeating: "n", count: 255)
        try write(name)
        #expect(try Directory(opening: root).names().valid == [name])
    }

    @Test("is not in the message of an error")
    func messages() async throws {
        let path = root.appending("a")
        let file = try TemporaryFile(for: path, overwrite: true)
        #expect(file.file.path == path)
    }

    @Test("is exchanged with another in one step, directories with what is in them too")
    func exchange() throws {
        try Files.write([1], to: root.appending("x/inner"))
        try Files.write([2], to: root.appending("y/inner"))
        try Directory(opening: root).exchange("x", with: "y")
        #expect(try Files.bytes(root.appending("x/inner")) == [2])
        #expect(try Files.bytes(root.appending("y/inner")) == [1])
        let error = #expect(throws: CacheStoreError.self) {
            try Directory(opening: root).exchange("x", with: "nowhere")
        }
        #expect(error?.code == .notFound)
        #expect(try Files.bytes(root.appending("x/inner")) == [2])
    }
}
