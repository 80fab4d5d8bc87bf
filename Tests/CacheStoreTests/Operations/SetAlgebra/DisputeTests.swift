import SystemPackage
import Testing

@testable import CacheStore

/// Tests of the policies for action IDs for which inputs hold several outputs.
@Suite("Where jobs dispute an action, a union")
struct DisputeTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private func unite(
        _ inputs: [FilePath],
        _ policy: Union.DisputePolicy,
        to name: String
    ) async throws -> (path: FilePath, report: Union.Report) {
        let output = bench.path(name)
        return (output, try await Union(policy: policy).run(inputs, to: output))
    }

    /// The IDs of an archive for which it holds several outputs.
    private func disputed(_ archive: FilePath) throws -> Set<ObjectID> {
        let actions = try bench.contents(archive).set.actions
        return Set(zip(actions, actions.dropFirst()).filter { $0.id == $1.id }.map(\.0.id))
    }

    @Test(
        "that drops is the same in any order, keeps all other entries, and no output that none of them needs",
        arguments: 1...3 as ClosedRange<UInt64>
    )
    func drops(seed: UInt64) async throws {
        let packs = try await bench.packs(
            RandomCaches(seed: 800 + seed, jobs: 3, pairs: 80),
            levels: [1, 9, 3]
        )
        let kept = try await unite(packs, .keep, to: "kept")
        let gone = try disputed(kept.path)
        #expect(!gone.isEmpty, "seed \(seed) tests no dispute")
        let dropped = try await unite(packs, .drop, to: "dropped")
        let orders = [[packs[2], packs[0], packs[1]], packs.reversed(), packs + packs]
        for (number, order) in orders.enumerated() {
            let other = try await unite(order, .drop, to: "other \(number)")
            #expect(try Files.id(other.path) == Files.id(dropped.path), "seed \(seed), order \(number)")
        }
        #expect(Set(dropped.report.disputes.map(\.action)) == gone)
        #expect(!dropped.report.disagreements.contains { $0.kind == .action })
        let (all, left) = (try bench.contents(kept.path).set, try bench.contents(dropped.path).set)
        #expect(left.actions.map(\.key) == all.actions.filter { !gone.contains($0.id) }.map(\.key))
        // `contents` has checked that no output is without an entry.
        #expect(
            left.outputs.map(\.id)
                == all.outputs.map(\.id).filter { id in
                    left.actions.contains { $0.output == id }
                }
        )
        #expect(left.trees.map(\.module) == all.trees.map(\.module))
        #expect(try await Verify().run(dropped.path).problems.isEmpty, "seed \(seed)")
    }

    @Test(
        "that drops in the last of several steps gives what one step gives, and twice what once gives",
        arguments: 1...2 as ClosedRange<UInt64>
    )
    func steps(seed: UInt64) async throws {
        let packs = try await bench.packs(RandomCaches(seed: 810 + seed, jobs: 3, pairs: 60))
        let whole = try await unite(packs, .drop, to: "whole").path
        for last in packs.indices {
            let others = packs.indices.filter { $0 != last }.map { packs[$0] }
            let part = try await unite(others, .keep, to: "part \(last)").path
            let steps = try await unite([part, packs[last]], .drop, to: "steps \(last)").path
            #expect(try Files.id(steps) == Files.id(whole), "seed \(seed), \(last)")
        }
        #expect(try Files.id(await unite([whole], .drop, to: "again").path) == Files.id(whole))
    }

    @Test("that drops forgets: a later union brings back what one input holds, as the page on it says")
    func forgets() async throws {
        let (first, second) = try await twoJobs()
        let dropped = try await unite([first, second], .drop, to: "dropped").path
        let later = try await unite([dropped, first], .drop, to: "later")
        #expect(later.report.disputes.isEmpty)
        #expect(try bench.contents(later.path).set.actions.contains { $0.id == CacheModel.id("disputed") })
    }

    @Test("that drops keeps an output of a disputed action that another action has too")
    func sharedOutput() async throws {
        var models = [CacheModel(), CacheModel()]
        let (_, shared) = models[0].addPair("disputed", [1])
        models[0].addPair("agreed", [1])
        let (_, lost) = models[1].addPair("disputed", [2])
        let dropped = try await unite(try await bench.packs(models), .drop, to: "dropped").path
        let set = try bench.contents(dropped).set
        #expect(set.actions.map(\.id) == [CacheModel.id("agreed")])
        #expect(set.outputs.map(\.id) == [shared] && shared != lost)
    }

    @Test("that drops keeps no chunk of a large output that goes")
    func chunks() async throws {
        var source = SeededBytes(seed: 820)
        var models = [CacheModel(), CacheModel()]
        models[0].addPair("disputed", source.halfRandomBytes(9_000_000))
        models[1].addPair("disputed", [2])
        models[1].addPair("other", [3])
        let packs = try await bench.packs(models)
        #expect(try await bench.totals(packs[0]).chunks > 1)
        let dropped = try await unite(packs, .drop, to: "dropped")
        #expect(dropped.report.totals.chunks == 1 && dropped.report.totals.all.members == 2)
        #expect(try await Verify().run(dropped.path).problems.isEmpty)
    }

    @Test("that drops where nothing is left but the sources is a sound archive")
    func nothingLeft() async throws {
        let (first, second) = try await twoJobs()
        let dropped = try await unite([first, second], .drop, to: "dropped")
        #expect(dropped.report.totals.all.members == 0)
        #expect(try bench.contents(dropped.path).sources.map(\.label) == ["a", "b"])
        #expect(try await Verify().run(dropped.path).problems.isEmpty)
    }

    @Test("that fails names each side, the same whatever the order, and leaves nothing")
    func fails() async throws {
        let (first, second) = try await twoJobs()
        let before = try bench.names
        var messages: Set<String> = []
        for inputs in [[first, second], [second, first], [first, second, first]] {
            let error = await failure { try await unite(inputs, .fail, to: "out") }
            #expect(error?.code == .dispute && error?.remedy == .findForger)
            #expect(error?.member == "action \(CacheModel.id("disputed"))")
            messages.insert(error?.message ?? "")
        }
        #expect(messages.count == 1, "\(messages)")
        let message = try #require(messages.first)
        for part in ["of `a` in `\(first)`", "of `b` in `\(second)`", "1 action"] {
            #expect(message.contains(part), "\(message)")
        }
        #expect(try bench.names == before)
        // An archive that holds a dispute of its own is refused too, since a build would take one side.
        let kept = try await unite([first, second], .keep, to: "kept").path
        #expect(await failure { try await unite([kept], .fail, to: "out") }?.code == .dispute)
    }

    @Test("does not fail where all agree, nor over another form, an .info or a lookup")
    func agreement() async throws {
        var (first, second) = (CacheModel(), CacheModel())
        first.addPair("link", [7, 7], executable: "tool")
        second.addPair("link", [7, 7])
        let lookup = "sum.golang.org/lookup/example.com/m@v1.0.0"
        first.addChecksumFile(lookup, Array("head 5\n".utf8))
        second.addChecksumFile(lookup, Array("head 7\n".utf8))
        let packs = try await bench.packs([first, second])
        let kept = try await unite(packs, .keep, to: "kept")
        #expect(Set(kept.report.disagreements.map(\.kind)) == [.output, .checksum])
        for policy in [Union.DisputePolicy.fail, .drop] {
            let other = try await unite(packs, policy, to: "\(policy)")
            #expect(try Files.id(other.path) == Files.id(kept.path))
            #expect(other.report.disputes.isEmpty)
        }
    }

    @Test("that keeps reports each disagreement with its sides, and calls a derived entry by its role")
    func names() async throws {
        var models = [CacheModel(), CacheModel()]
        let package = Array("!<arch>\n__.PKGDEF       0           0     0     644     0         `\n".utf8)
        let (parent, _) = models[0].addPair("package", package)
        models[1].addPair("package", package)
        let derived = EntryClassifier.subkey(of: parent, "srcfiles")
        for (index, text) in ["./a.go\n", "./b.go\n"].enumerated() {
            let output = models[index].addOutput(Array(text.utf8))
            models[index].addAction(derived, output: output, size: 7)
        }
        let packs = try await bench.packs(models)
        let kept = try await unite(packs, .keep, to: "kept")
        let dispute = try #require(kept.report.disputes.first)
        #expect(kept.report.disputes.count == 1 && dispute.action == derived)
        #expect(dispute.entryClass == .sources && dispute.package == nil)
        #expect(dispute.sides.map(\.output) == dispute.sides.map(\.output).sorted())
        #expect(Set(dispute.sides.flatMap(\.archives)) == Set(packs))
        #expect(dispute.sides.map(\.contentBytes) == [7, 7])
    }

    private func twoJobs() async throws -> (FilePath, FilePath) {
        var (first, second) = (CacheModel(), CacheModel())
        first.addPair("disputed", [1])
        second.addPair("disputed", [2, 2])
        let one = try await bench.pack(first, as: "a", to: "a.castore").path
        return (one, try await bench.pack(second, as: "b", to: "b.castore").path)
    }
}
