import Dispatch
import Synchronization

/// Compresses blocks to frames for one who writes them in their order: others compress ahead while that one writes, and
/// it compresses too when there is nothing to write yet.
///
/// Guarantees: the frames do not depend on the number of threads.
/// Cost: memory for the frames of a run of blocks of ``runByteCount`` bytes (untouched where frames are smaller), and one
/// compression context a thread.
@safe final class ParallelEncoder: @unchecked Sendable {
  /// Raw bytes that may be compressed ahead.
  private static let runByteCount = 4 << 20
  /// Below so many bytes a thread costs more than it gains.
  private static let threadByteCountMin = 256 << 10

  private let blocks: [UnsafeRawBufferPointer]
  private let threads: Int
  private let level: Int
  private var encoder: FrameEncoder?
  /// The run in hand, and where each block's frame has room in ``memory``.
  private var run = 0..<0
  private var starts: [Int] = []
  private var memory: UnsafeMutableRawBufferPointer
  /// How long the frames of the run have become; 0: not yet there.
  private let byteCounts = Mutex<[Int]>([])
  private var given = 0
  private let claimed = Atomic<Int>(0)
  private let failure = Mutex<SnapshotError?>(nil)
  private let helpers = DispatchGroup()
  /// Whether there is a run for others to help with; who does has entered ``helpers``.
  private let accepts = Mutex(false)
  /// Signalled after every frame that a helper has done.
  private let progress = DispatchSemaphore(value: 0)

  /// The bytes of the blocks must stay valid and unchanged until ``finish()``.
  init(_ blocks: [UnsafeRawBufferPointer], level: Int, threads: Int) {
    unsafe self.blocks = unsafe blocks
    self.level = level
    self.threads = max(1, threads)
    unsafe memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  }
  deinit { unsafe memory.deallocate() }

  /// The frame of the next block; valid until the next call.
  func next() throws(SnapshotError) -> UnsafeRawBufferPointer {
    if given == run.upperBound { try beginRun() }
    let i = given - run.lowerBound
    given += 1
    while true {
      let count = byteCounts.withLock { $0[i] }
      if count > 0 { return unsafe UnsafeRawBufferPointer(rebasing: memory[starts[i]..<starts[i] + count]) }
      if let error = failure.withLock({ $0 }) { throw error }
      if !compressOne(encoder!), failure.withLock({ $0 == nil }) { progress.wait() }
    }
  }

  /// Compresses too, until nobody is needed for the run in hand any more; for those who would only wait.
  func help() {
    let isWelcome = accepts.withLock { accepts in
      if accepts { helpers.enter() }
      return accepts
    }
    guard isWelcome else { return }
    defer { helpers.leave() }
    guard let encoder = try? FrameEncoder(level: level) else { return }
    while compressOne(encoder) { progress.signal() }
    progress.signal()
  }

  /// Waits until nobody works on the blocks any more.
  func finish() {
    accepts.withLock { $0 = false }
    claimed.store(run.upperBound, ordering: .relaxed)
    helpers.wait()
  }

  private func beginRun() throws(SnapshotError) {
    accepts.withLock { $0 = false }
    helpers.wait()
    var (end, raw, room) = (given, 0, 0)
    starts.removeAll(keepingCapacity: true)
    while unsafe end < blocks.count, raw < Self.runByteCount {
      starts.append(room)
      // from a cache line of its own on: another thread writes beside it
      unsafe room += (FrameEncoder.byteCountMax(of: blocks[end].count) + 63) & ~63
      unsafe raw += blocks[end].count
      end += 1
    }
    starts.append(room)
    run = given..<end
    byteCounts.withLock { $0 = Array(repeating: 0, count: end - given) }
    if unsafe memory.count < room {
      unsafe memory.deallocate()
      unsafe memory = .allocate(byteCount: room, alignment: 64)
    }
    let wanted = max(1, min(threads, raw / Self.threadByteCountMin))
    if encoder == nil { encoder = try FrameEncoder(level: level) }
    claimed.store(run.lowerBound, ordering: .relaxed)
    accepts.withLock { $0 = true }
    // whoever comes when all is done has nothing to do, and nobody waits for him
    for _ in 1..<wanted { DispatchQueue.global().async { [self] in help() } }
  }

  /// Compresses the next block that nobody has taken; false if there is none.
  private func compressOne(_ encoder: FrameEncoder) -> Bool {
    let block = claimed.wrappingAdd(1, ordering: .relaxed).oldValue
    if block >= run.upperBound { return false }
    let i = block - run.lowerBound
    do throws(SnapshotError) {
      let count = try unsafe encoder.encode(
        blocks[block], into: UnsafeMutableRawBufferPointer(rebasing: memory[starts[i]..<starts[i + 1]]))
      byteCounts.withLock { $0[i] = count }
      return true
    } catch {
      failure.withLock { $0 = $0 ?? error }
      return false
    }
  }
}
