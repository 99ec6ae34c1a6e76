import { addPartitionsToTxnV3, kGetApi, Producer } from '@platformatic/kafka'

/**
 * A producer of transactions. The client adds partitions to one in the newest form that the broker knows; from the fourth on that is the
 * one of brokers among themselves, for which Kafka asks the right CLUSTER_ACTION. Clients use the third.
 */
export class TransactionalProducer extends Producer {
  override [kGetApi]: Producer[typeof kGetApi] = (name, callback) => {
    if (name === 'AddPartitionsToTxn') callback(null, addPartitionsToTxnV3.api as never)
    else super[kGetApi](name, callback)
  }
}
