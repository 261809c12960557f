"""What an act was, in the words of PS3.15 Annex A.5.3, and a few of our own.

`kind` is plain text in the trail, so a room may add its own; these are spelled once.
"""

APPLICATION_ACTIVITY = "Application Activity"
AUDIT_LOG_USED = "Audit Log Used"
DATA_EXPORT = "Data Export"
DATA_IMPORT = "Data Import"
INSTANCES_ACCESSED = "DICOM Instances Accessed"
BEGIN_TRANSFERRING_INSTANCES = "Begin Transferring DICOM Instances"
INSTANCES_TRANSFERRED = "DICOM Instances Transferred"
STUDY_DELETED = "DICOM Study Deleted"
NETWORK_ENTRY = "Network Entry"
ORDER_RECORD = "Order Record"
PATIENT_RECORD = "Patient Record"
PROCEDURE_RECORD = "Procedure Record"
QUERY = "Query"
SECURITY_ALERT = "Security Alert"
USER_AUTHENTICATION = "User Authentication"
