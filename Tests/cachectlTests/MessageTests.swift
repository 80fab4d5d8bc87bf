import SystemPackage
import Testing

@testable import CacheStore
@testable import cachectl

@Suite("A message")
struct MessageTests {
    @Test("has the hint of an error on its own line, and no name in the error can forge another line")
    func error() {
        let error = CacheStoreError(
            .notFound,
            "cannot open",
            path: "a\nerror: b",
            member: "tree x",
            offset: 7,
            remedy: .copyBaseAgain,
            cause: Errno.noSuchFileOrDirectory
        )
        #expect(
            Message(error).lines == [
                "error: cannot open: `a\\u{a}error: b`, member `tree x`, at byte 7 "
                    + "(No such file or directory)",
                "hint: copy the base image again",
            ]
        )
    }

    @Test("gives a hint that several errors share once")
    func sharedHint() {
        let errors = ["a", "b"].map { CacheStoreError(.corruptArchive, $0, remedy: .copyBaseAgain) }
        #expect(
            Message.messages(errors).map(\.lines) == [
                ["error: a"], ["error: b"], ["hint: copy the base image again"],
            ]
        )
    }

    @Test("counts damage by reason, gives some examples, and says where the rest is")
    func leftOut() {
        let torn = (0..<1000).map { LeftOut(.tornAction, FilePath("/c/\($0)-a"), "it is empty") }
        let partial = LeftOut(.partialModule, "/m/x.partial", "it was being extracted")
        let lock = LeftOut(.bookkeeping, "/m/x.lock", "a lock")
        let messages = Message.leftOut(torn + [partial, lock])
        #expect(messages.count == 3)
        #expect(messages[0].lines.first?.hasPrefix("warning: left out 1,000 entries: an action ") == true)
        #expect(messages[0].lines.dropFirst().first == "  `/c/0-a`: it is empty")
        #expect(messages[0].lines.count == 7)
        #expect(messages[0].lines.last == "  and 995 more")
        #expect(messages[1].lines.first?.hasPrefix("warning: left out 1 entry: a module that was") == true)
        #expect(messages[2].lines == ["hint: `--json` lists all of them"])
        #expect(
            Message.leftOutCounts(torn + [partial, lock])
                == "an action entry that is not as Go writes it (1,000); a module that was being extracted "
                + "(1); Go's own bookkeeping, which Go makes again (1)"
        )
    }

    @Test("on entries that were left out says what follows for builds, whatever the damage")
    func consequences() {
        for reason in LeftOut.Reason.all where reason.isDamage {
            let message = Message.leftOut([LeftOut(reason, "/c/x", "it is so")]).first
            #expect(message?.lines.first?.contains("; ") == true, "\(reason)")
            #expect(message?.lines.first?.contains("builds ") == true, "\(reason)")
        }
    }

    @Test("on many warnings of one kind shows the first twenty, and counts the rest of each kind")
    func summary() {
        func warnings(_ code: CacheStore.Warning.Code, _ count: Int) -> [CacheStore.Warning] {
            (0..<count).map { CacheStore.Warning(code: code, message: "\(code.rawValue) \($0)") }
        }
        let few = warnings(.damagedMember, 20) + warnings(.goVersion, 1)
        #expect(Message.summary(few) == few.map { Message($0) })
        let many = warnings(.damagedMember, 1111) + warnings(.goVersion, 1) + warnings(.damagedInput, 21)
        let lines = Message.summary(many).flatMap(\.lines)
        #expect(lines.count == 20 + 1 + 1 + 20 + 1)
        #expect(lines[19] == "warning: damagedMember 19")
        #expect(lines[20] == "warning: 1,091 more warnings of this kind: without `--quiet`, all are shown")
        #expect(lines[21] == "warning: goVersion 0")
        #expect(lines[42] == "warning: 1 more warning of this kind: without `--quiet`, all are shown")
    }

    @Test("on a restore does not call anything there that is damaged or was removed")
    func effect() throws {
        let id = ContentHasher.hash([UInt8]("x".utf8).span)
        let damage = DamagedMember(.tree, "example.com/m@v1.0.0", CacheStoreError(.corruptArchive, "it is"))
        typealias Tally = Restore.Report.Tally
        for (tally, leftOut, removed, words) in [
            (Tally(untouched: 3), [], 0, "everything was there already"),
            (Tally(untouched: 3), [damage], 0, "all that is sound was there already"),
            (Tally(untouched: 3), [damage], 1, "all that is sound was there already"),
            (Tally(untouched: 3), [], 1, "nothing was written"),
            (Tally(), [damage], 0, "nothing was written"),
            (Tally(created: 1, untouched: 2), [damage], 0, "wrote 10 B, 10 B/s"),
        ] as [(Tally, [DamagedMember], Int, String)] {
            var report = Restore.Report(digest: id, archiveDigest: id)
            (report.leftOut, report.removed, report.bytesWritten) = (leftOut, removed, 10)
            #expect(RestoreCommand.effect(of: report, tally, in: .seconds(1)) == words)
        }
    }

    @Test("is not written where nothing damaged is left out and no inputs disagree")
    func nothing() {
        #expect(Message.leftOut([LeftOut(.bookkeeping, "/m/x.lock", "a lock")]).isEmpty)
        #expect(Message.leftOutCounts([]) == nil)
        #expect(Message.disagreements([]).isEmpty)
    }

    @Test("names each member that inputs disagree on, up to ten")
    func conflicts() {
        let conflict = Disagreement(kind: .action, name: "00", kept: "a", dropped: ["b", "c"])
        #expect(
            Message.disagreements([conflict]).map(\.lines) == [
                [
                    "warning: the inputs disagree on 1 member, and one value was kept by rule",
                    "  action `00`: kept `a`, dropped `b`, `c`",
                ]
            ]
        )
        let many = Message.disagreements([Disagreement](repeating: conflict, count: 12))
        #expect(many.map(\.lines.count) == [12, 1])
        #expect(many[0].lines.last == "  and 2 more")
    }
}
