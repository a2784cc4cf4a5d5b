package inspect

import (
	"testing"

	"github.com/ottoscaler/ottoscaler/internal/redis/redistest"
)

func TestMain(m *testing.M) { redistest.VerifyMain(m) }
