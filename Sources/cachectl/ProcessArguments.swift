import Glibc

/// The words of the command line, as the system passed them to this process.
///
/// Swift reads them from `/proc/self/cmdline`, and knows none where `/proc` is not mounted, as in a bare
/// chroot. A static binary does not even start there: to find its own path, Swift's runtime reads
/// `/proc/self/exe`, unless the variable `SWIFT_ROOT` is set. The C library calls the functions in the
/// section `.preinit_array` with the words, before it starts the runtime (System V ABI, "Initialization and
/// Termination Functions"; glibc, `csu/libc-start.c`).
enum ProcessArguments {
    /// All words; the first one is the name under which the program was started.
    static let all: [String] = {
        // The system keeps the words as long as the process lives.
        guard let words = unsafe ArgumentVector(bitPattern: wordsOfProcess) else {
            return CommandLine.arguments
        }
        var found: [String] = []
        while let word = unsafe words[found.count] { unsafe found.append(String(cString: word)) }
        return found
    }()

    /// The words behind the program's name.
    static var words: [String] { Array(all.dropFirst()) }

    /// Removes what was set for Swift's runtime, so that the programs that this process starts don't see it.
    static func forgetRoot() {
        guard let root = unsafe getenv("SWIFT_ROOT"), unsafe strcmp(root, rootForRuntime) == 0 else { return }
        unsafe unsetenv("SWIFT_ROOT")
    }
}

/// The words of a process: C strings, and a null pointer behind the last.
private typealias ArgumentVector = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

/// The directory that Swift's runtime takes for its own; nothing is read there.
private let rootForRuntime = "/.swift-runtime-of-cachectl"

/// The address of the words.
///
/// It is set once, before the process has a second thread, and only read then. A section is named so that the
/// variable needs no code to be initialised.
@section(".data") nonisolated(unsafe) private var wordsOfProcess = 0

/// Called by the C library before everything else.
@section(".preinit_array") @used
private let noteArguments: @convention(c) (CInt, UnsafeMutableRawPointer?) -> Void = { _, words in
    unsafe wordsOfProcess = Int(bitPattern: words)
    unsafe setenv("SWIFT_ROOT", "/.swift-runtime-of-cachectl", 0)
}
