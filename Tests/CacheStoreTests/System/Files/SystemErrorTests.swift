import Glibc
import SystemPackage
import Testing

@testable import CacheStore

@Suite("An error of the system")
struct SystemErrorTests {
    @Test(
        "is the machine's fault if it tells nothing about the file",
        arguments: [
            .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory, .ioError, .staleNFSFileHandle, .noSpace,
            .diskQuotaExceeded, .permissionDenied, .notPermitted, .readOnlyFileSystem, .resourceBusy,
            .timedOut,
            .resourceTemporarilyUnavailable, .fileNameTooLong,
        ] as [Errno]
    )
    func machine(cause: Errno) throws {
        let error = CacheStoreError.system(cause, "open", "/cache/file")
        #expect(error.isOfMachine)
        let thrown = #expect(throws: CacheStoreError.self) { _ = try LeftOut(error, "/cache/file") }
        #expect(thrown?.cause as? Errno == cause)
    }

    @Test(
        "is a fact about the file if the file vanished or is of another kind",
        arguments: [
            .noSuchFileOrDirectory, .notDirectory, .isDirectory, .tooManySymbolicLinkLevels,
            .noSuchAddressOrDevice,
        ] as [Errno]
    )
    func entry(cause: Errno) throws {
        let error = CacheStoreError.system(cause, "open", "/cache/file")
        #expect(!error.isOfMachine)
        #expect(try LeftOut(error, "/cache/file").reason.isDamage)
    }

    @Test(
        "has a way out that a person can go",
        arguments: [.tooManyOpenFiles, .noMemory, .ioError, .noSpace] as [Errno]
    )
    func remedy(cause: Errno) {
        #expect(CacheStoreError.system(cause, "open", "/cache/file").remedy != nil)
    }

    @Test("that there is too little room shows sizes, however small or endless they are")
    func room() {
        let sizes = [
            (5, 0, "5 B", "0 B"), (1 << 40, 2_500_000, "1099511 MB", "2500 kB"), (-1, 1, "more than", "1 B"),
        ]
        for (needed, free, neededText, freeText) in sizes {
            let error = CacheStoreError.noRoom(to: "work", needed: needed, free: free, "/x")
            #expect(error.code == .noSpace && error.isOfMachine)
            #expect(
                error.message.contains("about \(neededText)")
                    && error.message.contains("\(freeText) are free")
            )
        }
    }

    @Test("of an interrupted call repeats the call, and any other ends it")
    func interrupted() throws {
        var calls = 0
        let value = try SystemCall.run { () -> Int32 in
            calls += 1
            errno = EINTR
            return calls < 4 ? -1 : 7
        }
        #expect(value == 7 && calls == 4)
        #expect(throws: Errno.ioError) {
            _ = try SystemCall.run { () -> Int32 in
                errno = EIO
                return -1
            }
        }
    }

    @Test("of SQLite is told apart from a damaged index")
    func sqlite() {
        #expect(SQLiteError(code: 7, description: "").machineFault == .noMemory)
        #expect(SQLiteError(code: 13, description: "").machineFault == .noSpace)
        #expect(SQLiteError(code: 10 | 1 << 8, description: "").machineFault == .ioError)
        #expect(SQLiteError(code: 14, description: "").machineFault == .ioError)
        for code: Int32 in [1, 10 | 2 << 8, 11, 26] {
            #expect(SQLiteError(code: code, description: "").machineFault == nil, "\(code)")
        }
    }

    @Test("raises no limit of open files above the hard one, and none below the soft one")
    func openFiles() {
        var before = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before)
        #expect(OpenFileLimit.raise() == Int(clamping: before.rlim_max))
    }
}
