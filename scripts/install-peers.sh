#!/usr/bin/env bash
# Fetches what the conformance suite compares us with, once, into ${MILLRACE_PEERS:-$HOME/.cache/millrace-peers}:
#   kafka/libs/*.jar   Apache Kafka's broker and tools, from Maven Central (needs Java 17 or later and Maven)
#   kafka/messages/    its descriptions of the wire's messages, which our schemas are compared with
# The tests and benchmarks find it by KAFKA_HOME, which is the directory kafka/ there.
# kcat is not installed here: it is a package of the operating system (apt-get install kcat, brew install kcat).
#
# Exit status: 0 installed or there already, 3 skipped because something is absent (the last line says what), else failed.
set -euo pipefail

KAFKA_VERSION=4.3.1
SCALA_VERSION=2.13
LOG4J_VERSION=2.24.3
SKIPPED=3

peers=${MILLRACE_PEERS:-$HOME/.cache/millrace-peers}
kafka=$peers/kafka
stamp=$kafka/version

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$KAFKA_VERSION" ]; then
  echo "Apache Kafka $KAFKA_VERSION is in $kafka"
  exit 0
fi

skip() { echo "skipped: $1"; exit "$SKIPPED"; }

command -v java > /dev/null || skip 'Apache Kafka needs Java, and there is none on the PATH'
java_version=$(java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1)
[ "${java_version:-0}" -ge 17 ] || skip "Apache Kafka needs Java 17 or later, and this is Java ${java_version:-of an unknown version}"
command -v mvn > /dev/null || skip 'Apache Kafka is fetched by Maven, and there is none on the PATH'

dependency() {
  printf '    <dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency>\n' "$@"
}

mkdir -p "$kafka"
rm -rf "$kafka/libs" "$kafka/messages" "$kafka/target" "$stamp"
{
  echo '<project xmlns="http://maven.apache.org/POM/4.0.0">'
  echo '  <modelVersion>4.0.0</modelVersion>'
  echo '  <groupId>millrace.peers</groupId>'
  echo '  <artifactId>kafka</artifactId>'
  echo '  <version>1</version>'
  echo '  <packaging>pom</packaging>'
  echo '  <dependencies>'
  dependency org.apache.kafka "kafka_$SCALA_VERSION" "$KAFKA_VERSION"
  dependency org.apache.kafka kafka-tools "$KAFKA_VERSION"
  dependency org.apache.logging.log4j log4j-slf4j-impl "$LOG4J_VERSION"
  echo '  </dependencies>'
  echo '</project>'
} > "$kafka/pom.xml"

echo "fetching Apache Kafka $KAFKA_VERSION into $kafka"
maven() { mvn --batch-mode --quiet -Dstyle.color=never --file "$kafka/pom.xml" "$@"; }
maven dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$kafka/libs"
maven dependency:unpack-dependencies -DincludeArtifactIds=kafka-clients -Dmdep.unpack.includes='common/message/*.json' \
  -DoutputDirectory="$kafka/messages"

ls "$kafka/libs/kafka-server-$KAFKA_VERSION.jar" "$kafka/messages/common/message/ProduceRequest.json" > /dev/null
echo "$KAFKA_VERSION" > "$stamp"
echo "Apache Kafka $KAFKA_VERSION is in $kafka"
