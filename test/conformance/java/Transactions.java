import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Transactions by Apache Kafka's own client, with offsets of a group in them: some are committed, some aborted, and one producer is shut
 * out by another. Prints what readers of either isolation level see in the end, which must be the same whoever the broker is.
 *
 * Arguments: the broker's address, a topic with three partitions, a transactional id.
 */
public class Transactions {
  private static final int TRANSACTIONS = 12;
  private static final int RECORDS = 6;
  private static final String GROUP = "readers";
  private static final long READ_DEADLINE_MS = 30_000;

  public static void main(String[] args) throws Exception {
    String address = args[0];
    String topic = args[1];
    String transactionalId = args[2];
    int committed = 0;
    try (KafkaProducer<String, String> producer = producer(address, transactionalId)) {
      producer.initTransactions();
      for (int transaction = 0; transaction < TRANSACTIONS; transaction++) {
        boolean isAborted = transaction % 3 == 2;
        producer.beginTransaction();
        for (int record = 0; record < RECORDS; record++) {
          String value = (isAborted ? "aborted " : "committed ") + transaction + " " + record;
          producer.send(new ProducerRecord<>(topic, record % 3, null, value));
        }
        producer.sendOffsetsToTransaction(
            Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(transaction)), new ConsumerGroupMetadata(GROUP));
        // What is not sent yet when a transaction is aborted may or may not be sent.
        producer.flush();
        if (isAborted) producer.abortTransaction();
        else producer.commitTransaction();
        if (!isAborted) committed += RECORDS;
      }
      producer.beginTransaction();
      producer.send(new ProducerRecord<>(topic, 0, null, "aborted by the next producer")).get();
      try (KafkaProducer<String, String> successor = producer(address, transactionalId)) {
        successor.initTransactions();
        successor.beginTransaction();
        successor.send(new ProducerRecord<>(topic, 0, null, "committed by the next producer"));
        successor.commitTransaction();
        committed += 1;
      }
      try {
        producer.commitTransaction();
        System.out.println("the first producer was not shut out");
      } catch (RuntimeException error) {
        System.out.println("the first producer: " + error.getClass().getSimpleName());
      }
    }
    print(address, topic, "read_committed", committed);
    print(address, topic, "read_uncommitted", TRANSACTIONS * RECORDS + 2);
  }

  private static KafkaProducer<String, String> producer(String address, String transactionalId) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", address);
    settings.put("transactional.id", transactionalId);
    return new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer());
  }

  /** All values in their order, partition by partition, and what the group has committed. */
  private static void print(String address, String topic, String isolationLevel, int expected) {
    Properties settings = new Properties();
    settings.put("bootstrap.servers", address);
    settings.put("group.id", GROUP);
    settings.put("isolation.level", isolationLevel);
    settings.put("enable.auto.commit", "false");
    List<TopicPartition> partitions = List.of(0, 1, 2).stream().map(index -> new TopicPartition(topic, index)).toList();
    List<String> lines = new ArrayList<>();
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      long deadline = System.currentTimeMillis() + READ_DEADLINE_MS;
      while (lines.size() < expected && System.currentTimeMillis() < deadline) {
        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
          lines.add(String.format("%s partition %d offset %04d %s", isolationLevel, record.partition(), record.offset(), record.value()));
        }
      }
      Collections.sort(lines);
      lines.forEach(System.out::println);
      System.out.println(isolationLevel + " committed " + consumer.committed(Set.of(partitions.get(0))));
      System.out.println(isolationLevel + " ends " + consumer.endOffsets(partitions).values().stream().sorted().toList());
    }
  }
}
