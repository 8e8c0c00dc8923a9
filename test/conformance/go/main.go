// Writes through franz-go in every codec, with and without idempotence, reads all of it back and administers the topic, against
// the broker that its argument names. It prints what it counted and fails with the first error.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const (
	topic      = "franz-go"
	partitions = 3
	perCodec   = 1000
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	broker := kgo.SeedBrokers(os.Args[1])
	client := connect(broker)
	defer client.Close()
	admin := kadm.NewClient(client)
	_, err := admin.CreateTopic(ctx, partitions, 1, nil, topic)
	check(err)

	sent := 0
	for _, codec := range []kgo.CompressionCodec{
		kgo.NoCompression(), kgo.GzipCompression(), kgo.SnappyCompression(), kgo.Lz4Compression(), kgo.ZstdCompression(),
	} {
		idempotent := []kgo.Opt{broker, kgo.ProducerBatchCompression(codec), kgo.RecordPartitioner(kgo.ManualPartitioner())}
		simple := append([]kgo.Opt{kgo.DisableIdempotentWrite(), kgo.RequiredAcks(kgo.LeaderAck())}, idempotent...)
		for _, options := range [][]kgo.Opt{idempotent, simple} {
			sent += produce(ctx, connect(options...), sent)
		}
	}

	read := consume(ctx, connect(broker, kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted())), sent)
	ends, err := admin.ListEndOffsets(ctx, topic)
	check(err)
	var stored int64
	ends.Each(func(offset kadm.ListedOffset) { check(offset.Err); stored += offset.Offset })

	_, err = admin.DeleteRecords(ctx, kadm.Offsets{topic: {0: {Topic: topic, Partition: 0, At: 10}}})
	check(err)
	starts, err := admin.ListStartOffsets(ctx, topic)
	check(err)
	start, _ := starts.Lookup(topic, 0)
	_, err = admin.DeleteTopics(ctx, topic)
	check(err)
	fmt.Printf("sent %d, read %d, stored %d, starts at %d\n", sent, read, stored, start.Offset)
}

func produce(ctx context.Context, client *kgo.Client, from int) int {
	defer client.Close()
	for number := from; number < from+perCodec; number++ {
		record := &kgo.Record{Topic: topic, Partition: int32(number % partitions), Value: fmt.Appendf(nil, "record %d", number)}
		client.Produce(ctx, record, func(_ *kgo.Record, err error) { check(err) })
	}
	check(client.Flush(ctx))
	return perCodec
}

// consume returns how many different records it read, once it has read as many as were sent.
func consume(ctx context.Context, client *kgo.Client, sent int) int {
	defer client.Close()
	seen := map[string]bool{}
	for count := 0; count < sent; {
		fetches := client.PollFetches(ctx)
		check(fetches.Err())
		fetches.EachRecord(func(record *kgo.Record) { seen[string(record.Value)] = true; count++ })
	}
	return len(seen)
}

func connect(options ...kgo.Opt) *kgo.Client {
	client, err := kgo.NewClient(options...)
	check(err)
	return client
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
