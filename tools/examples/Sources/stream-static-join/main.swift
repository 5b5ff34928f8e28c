// Joins a stream of purchases with a table of products, and keeps the turnover of each category.
//
//   $ printf 'tea,2\ncup,1\n' | swift run --package-path tools/examples stream-static-join products.csv
//
// The table is a file with lines such as `tea,drinks,4.50`; the stream has a product and a quantity a line. What the
// table does not know is printed as unknown.
import Foundation
import StreamCore

struct Product: Sendable {
  var category: String
  var price: Double
}

guard let path = CommandLine.arguments.dropFirst().first else {
  print("usage: stream-static-join PRODUCTS.csv")
  exit(64)
}
var products: [String: Product] = [:]
for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
  let fields = line.split(separator: ",").map(String.init)
  guard fields.count == 3, let price = Double(fields[2]) else { continue }
  products[fields[0]] = Product(category: fields[1], price: price)
}

let context = StreamingContext()
let purchases: DStream<(String, Int)> = context.standardInputLines().compactMap { line in
  let fields = line.split(separator: ",")
  return fields.count == 2 ? Int(fields[1]).map { (String(fields[0]), $0) } : nil
}
let joined = purchases.leftOuterJoin(table: products)

let turnover =
  joined
  .compactMap { _, sale in sale.1.map { ($0.category, Double(sale.0) * $0.price) } }
  .updateStateByKey(name: "turnover") { _, amounts, total in amounts.reduce(total ?? 0, +) }

joined.filter { $0.1.1 == nil }
  .forEach(name: "unknown") { product, sale in print("unknown product: \(product), \(sale.0) sold") }
turnover.forEachBatch { totals, _ in
  for (category, total) in totals.sorted(by: { $0.0 < $1.0 }) {
    print("\(category): \(String(format: "%.2f", total))")
  }
}
context.runOrExit()
