package redis_test

import (
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
)

func TestMain(m *testing.M) { redistest.VerifyMain(m) }
