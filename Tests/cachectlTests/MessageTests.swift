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
