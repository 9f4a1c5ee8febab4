"""The side-by-side benchmark: gateways under the same load, before the same upstream."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))  # for naru_tools
