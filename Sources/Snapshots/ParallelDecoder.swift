import Dispatch
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Decodes many frames on several threads, each straight to its place in one region of memory, or only to check them.
///
/// Guarantees: either every job was done, or the error of the first failing job, in job order, is thrown.
/// Cost: a job each time from a shared counter; one decoder a thread.
@safe final class ParallelDecoder: @unchecked Sendable {
  struct Job {
    var source: SnapshotSource
    var frame: SnapshotSection.Frame
    /// Where in the memory the block goes; ignored when only checking.
    var destination: Int
    var sectionName: String
  }

  private let jobs: [Job]
  private let memory: UnsafeMutableRawBufferPointer?
  private let next = Atomic<Int>(0)
  private let failure = Mutex<(job: Int, error: SnapshotError)?>(nil)

  /// `memory` nil decodes into a scratch block a thread and forgets it.
  init(jobs: [Job], memory: UnsafeMutableRawBufferPointer?) {
    self.jobs = jobs
    unsafe self.memory = unsafe memory
  }

  /// Logical processors online.
  static var processorCount: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

  /// `threads` 0 means one a processor.
  func run(threads: Int) throws(SnapshotError) {
    // below a few blocks a thread costs more than it gains
    let wanted = min(threads > 0 ? threads : Self.processorCount, max(1, jobs.count / 4))
    if wanted == 1 { work() } else { DispatchQueue.concurrentPerform(iterations: wanted) { _ in work() } }
    if let error = failure.withLock({ $0?.error }) { throw error }
  }

  private func work() {
    var index = -1
    do throws(SnapshotError) {
      let decoder = try FrameDecoder()
      let largest = unsafe memory == nil ? jobs.reduce(0) { max($0, $1.frame.rawByteCount) } : 0
      let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: largest, alignment: 64)
      defer { unsafe scratch.deallocate() }
      while true {
        index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        if index >= jobs.count { return }
        let job = jobs[index]
        let count = job.frame.rawByteCount
        let output =
          unsafe memory.map {
            unsafe UnsafeMutableRawBufferPointer(rebasing: $0[job.destination..<job.destination + count])
          }
          ?? UnsafeMutableRawBufferPointer(rebasing: scratch[..<count])
        try unsafe decoder.decode(job.frame, of: job.source, into: output)
      }
    } catch {
      record(index, error)
    }
  }

  private func record(_ index: Int, _ error: SnapshotError) {
    // the others stop at their next job
    next.store(jobs.count, ordering: .relaxed)
    var error = error
    if jobs.indices.contains(index), error.kind == .malformed {
      let name = jobs[index].sectionName
      error.problem = (name.isEmpty ? "the metadata, " : "section '\(name)', ") + error.problem
    }
    failure.withLock { if $0 == nil || index < $0!.job { $0 = (index, error) } }
  }
}
