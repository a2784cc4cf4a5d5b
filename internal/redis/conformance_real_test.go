//go:build real

package redis_test

import (
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
	"github.com/ottoscaler/ottoscaler/internal/worker/workertest"
)

func realRecords(t *testing.T) workertest.Records { return newRecords(t, redistest.Real(t)) }

func TestConformanceOnRealRedis(t *testing.T) { workertest.TestRecords(t, realRecords) }

func TestDeliveriesOnRealRedis(t *testing.T) { workertest.TestDeliveries(t, realRecords) }
