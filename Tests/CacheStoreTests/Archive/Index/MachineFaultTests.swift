import Glibc
import SystemPackage
import Testing

@testable import CacheStore

/// Tests of what the system says below SQLite.
@Suite("The system's own error under an index")
struct MachineFaultTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test("is kept where a write fails within a transaction, and where it fails at its end")
    func writing() throws {
        try Files.write([], to: bench.path("index"))
        for rows in [1, 100_000] {
            // Nothing can be written to a file that was opened for reading.
            let file = try File(reading: bench.path("index"))
            do {
                let database = try SQLiteDatabase(FileWindow(descriptor: file.descriptor))
                try database.execute("PRAGMA journal_mode = OFF; BEGIN; CREATE TABLE t(x)")
                for _ in 0..<rows { try database.execute("INSERT INTO t VALUES (zeroblob(1000))") }
                try database.execute("COMMIT")
                Issue.record("the file was written")
            } catch {
                #expect(error.machineFault == .badFileDescriptor, "\(rows) rows: \(error)")
            }
        }
    }

    @Test("of a file that may not grow tells of the limit")
    func limit() {
        let error = CacheStoreError.system(.fileTooLarge, "make the index of", "x.castore")
        #expect(error.code == .io && error.remedy == .allowFileSize && error.isOfMachine)
        #expect(error.description.contains("ulimit -f"))
    }
}
