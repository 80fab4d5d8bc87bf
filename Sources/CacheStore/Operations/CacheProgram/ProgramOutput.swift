import Synchronization
import SystemPackage

/// The answers that a cache program writes, line by line, from several threads.
final class ProgramOutput: Sendable {
    private let descriptor: Mutex<FileDescriptor>

    /// Creates the output of an open descriptor, which stays open.
    init(_ descriptor: FileDescriptor) { self.descriptor = Mutex(descriptor) }

    /// Writes an answer, which is lost if the go command has ended.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func write(_ answer: ProgramAnswer) throws(CacheStoreError) {
        let line = answer.line
        let failure = descriptor.withLock { descriptor -> Errno? in
            do {
                _ = try descriptor.writeAll(line)
                return nil
            } catch {
                return error as? Errno ?? .ioError
            }
        }
        if let failure, failure != .brokenPipe {
            throw CacheStoreError(.io, "cannot write an answer to the go command", cause: failure)
        }
    }
}
