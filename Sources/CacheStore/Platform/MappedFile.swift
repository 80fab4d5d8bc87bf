import Glibc
import SystemPackage

/// A part of a file mapped into memory for reading (`mmap(2)`), until its owner goes away.
///
/// A file that another process cuts short while it is mapped raises SIGBUS: archives are never changed in
/// place.
@safe struct MappedFile: ~Copyable {
    private let region: UnsafeRawBufferPointer

    /// Maps `count` bytes from `offset`, which must be a multiple of the page size, 4096 bytes.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    init(_ file: borrowing File, offset: Int, count: Int) throws(CacheStoreError) {
        let start = unsafe mmap(nil, count, PROT_READ, MAP_PRIVATE, file.descriptor, offset)
        guard let start = unsafe start, unsafe start != MAP_FAILED else {
            throw .system(Errno(rawValue: errno), "map", file.path)
        }
        unsafe region = UnsafeRawBufferPointer(start: start, count: count)
    }

    deinit { unsafe munmap(UnsafeMutableRawPointer(mutating: region.baseAddress), region.count) }

    /// Lends the bytes to `body`.
    func withBytes<Result: ~Copyable, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe body(region)
    }
}
