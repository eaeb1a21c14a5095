"""Cases: statements with their basis, evidence by digest, custody, takings; the file for a judge or an editor."""

from waman.cases.file import Case, Event, add_event, open_case, read_case
from waman.cases.share import follow_the_money, public_case
from waman.cases.tally import tally

__all__ = ["Case", "Event", "add_event", "follow_the_money", "open_case", "public_case", "read_case", "tally"]
